// An agent that says what a test wants it to: in this process, so that the client takes it for the
// target's own, or in a child.
#ifndef THREADFAULT_TESTS_UNIT_CLIENT_FAKE_AGENT_HPP
#define THREADFAULT_TESTS_UNIT_CLIENT_FAKE_AGENT_HPP

#include "wire/wire.hpp"

#include <sys/types.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace threadfault::test {

// A directory where the client looks for sockets, gone with the object.
class SocketDirectory {
public:
    SocketDirectory();
    ~SocketDirectory();
    SocketDirectory(const SocketDirectory&) = delete;
    SocketDirectory& operator=(const SocketDirectory&) = delete;

    // Where the agent of `pid` listens.
    std::string socket_of(pid_t pid) const;

private:
    std::string path_;
};

// Listens at `path`; the descriptor. Throws std::system_error.
int listen_at(const std::string& path);

// A client's descriptor, or -1 with errno; does not wait.
int connect_at(const std::string& path);

// One packet, or an empty one when the client has gone.
std::vector<unsigned char> receive_packet(int fd);
void send_packet(int fd, const void* data, std::size_t length);

template <typename Message>
Message as(const std::vector<unsigned char>& packet) {
    Message message;
    if (packet.size() >= sizeof message) std::memcpy(&message, packet.data(), sizeof message);
    return message;
}

// A reply of its type and length to `request`.
template <typename Message>
Message reply_to(const std::vector<unsigned char>& request, wire::Type type) {
    Message message;
    message.header = wire::make_header(type, sizeof message, as<wire::Header>(request).request);
    return message;
}

// A list_reply with these records.
std::vector<unsigned char> list_reply(const std::vector<unsigned char>& request,
                                      const std::vector<wire::ThreadRecord>& records,
                                      std::uint32_t next = 0);

// Serves one client in a thread of this process: `answer` is called for each packet.
class FakeAgent {
public:
    using Answer = std::function<void(int fd, const std::vector<unsigned char>& packet)>;
    explicit FakeAgent(Answer answer);
    ~FakeAgent();
    FakeAgent(const FakeAgent&) = delete;
    FakeAgent& operator=(const FakeAgent&) = delete;

private:
    SocketDirectory directory_;
    int listener_;
    std::thread thread_;
};

// A child process that runs `body`, and is killed and reaped with the object.
class Child {
public:
    explicit Child(const std::function<void()>& body);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_UNIT_CLIENT_FAKE_AGENT_HPP
