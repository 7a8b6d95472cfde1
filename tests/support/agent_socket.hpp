// The agent's control socket, spoken to byte by byte: for what the real client never sends.
#ifndef THREADFAULT_TESTS_SUPPORT_AGENT_SOCKET_HPP
#define THREADFAULT_TESTS_SUPPORT_AGENT_SOCKET_HPP

#include "support/eventually.hpp"
#include "wire/wire.hpp"

#include <sys/types.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::test {

// Where the agent of a process of this uid listens ("" when there is no such file).
std::string agent_socket_path(pid_t pid, uid_t uid);

class AgentSocket {
public:
    // Not connected when it is refused: see connected() and error().
    explicit AgentSocket(const std::string& path);
    ~AgentSocket();
    AgentSocket(AgentSocket&& other) noexcept;
    AgentSocket& operator=(AgentSocket&&) = delete;

    bool connected() const noexcept { return fd_ >= 0; }
    int error() const noexcept { return error_; }

    bool send(const void* data, std::size_t length);
    struct Packet {
        bool closed = false;  // the agent has hung up: `bytes` is empty
        std::vector<unsigned char> bytes;
        wire::Header header() const;
    };
    // nullopt at the deadline.
    std::optional<Packet> receive(std::chrono::milliseconds patience = kPatience);

    // nullopt: an error, a hang-up, or silence.
    std::optional<wire::HelloReply> hello();
    std::optional<std::vector<wire::ThreadRecord>> list();
    std::optional<wire::FaultReply> fault(wire::FaultRequest request,
                                          std::chrono::milliseconds patience = kPatience);

private:
    template <typename Reply>
    std::optional<Reply> expect(wire::Type type, std::chrono::milliseconds patience = kPatience);

    int fd_ = -1;
    int error_ = 0;
    std::uint32_t next_request_ = 1;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_AGENT_SOCKET_HPP
