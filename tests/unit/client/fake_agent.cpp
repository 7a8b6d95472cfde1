#include "fake_agent.hpp"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace threadfault::test {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

}  // namespace

SocketDirectory::SocketDirectory() {
    // Any directory of this prefix is looked into: no need to touch the one of real targets.
    char path[] = "/tmp/threadfault-unit-XXXXXX";
    if (mkdtemp(path) == nullptr) fail("mkdtemp");
    path_ = path;
}

SocketDirectory::~SocketDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string SocketDirectory::socket_of(pid_t pid) const {
    return path_ + "/" + std::to_string(pid) + ".sock";
}

int listen_at(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    const sockaddr_un address = address_of(path);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (listen(fd, 4) != 0) fail("listen");
    return fd;
}

int connect_at(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) fail("socket");
    const sockaddr_un address = address_of(path);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

std::vector<unsigned char> receive_packet(int fd) {
    std::vector<unsigned char> packet(wire::kMaxMessage);
    const ssize_t length = recv(fd, packet.data(), packet.size(), 0);
    packet.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return packet;
}

void send_packet(int fd, const void* data, std::size_t length) {
    // A client that has gone is no failure of the agent.
    static_cast<void>(send(fd, data, length, MSG_NOSIGNAL));
}

std::vector<unsigned char> list_reply(const std::vector<unsigned char>& request,
                                      const std::vector<wire::ThreadRecord>& records,
                                      std::uint32_t next) {
    wire::ListReply reply;
    const std::size_t length = sizeof reply + records.size() * sizeof(wire::ThreadRecord);
    reply.header =
        wire::make_header(wire::Type::list_reply, length, as<wire::Header>(request).request);
    reply.count = static_cast<std::uint32_t>(records.size());
    reply.next = next;
    std::vector<unsigned char> packet(length);
    std::memcpy(packet.data(), &reply, sizeof reply);
    if (!records.empty()) {
        std::memcpy(packet.data() + sizeof reply, records.data(), length - sizeof reply);
    }
    return packet;
}

FakeAgent::FakeAgent(Answer answer) : listener_(listen_at(directory_.socket_of(getpid()))) {
    thread_ = std::thread([this, answer = std::move(answer)] {
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        for (;;) {
            const std::vector<unsigned char> packet = receive_packet(client);
            if (packet.empty()) break;
            answer(client, packet);
        }
        close(client);
    });
}

FakeAgent::~FakeAgent() {
    // Ends accept(2) where no client came.
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
}

Child::Child(const std::function<void()>& body) : pid_(fork()) {
    if (pid_ < 0) fail("fork");
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        body();
    } catch (...) {
        _exit(99);
    }
    _exit(0);
}

Child::~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

}  // namespace threadfault::test
