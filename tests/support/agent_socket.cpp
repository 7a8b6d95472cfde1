#include "support/agent_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace threadfault::test {

std::string agent_socket_path(pid_t pid, uid_t uid) {
    for (const char* base : {"/tmp", "/dev/shm"}) {
        const std::string path = std::string(base) + "/threadfault-" + std::to_string(uid) + "/" +
                                 std::to_string(pid) + ".sock";
        if (access(path.c_str(), F_OK) == 0) return path;
    }
    return {};
}

AgentSocket::AgentSocket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        error_ = ENOENT;
        return;
    }
    path.copy(address.sun_path, path.size());
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        fd_ = fd;
        return;
    }
    error_ = errno;
    if (fd >= 0) close(fd);
}

AgentSocket::~AgentSocket() {
    if (fd_ >= 0) close(fd_);
}

AgentSocket::AgentSocket(AgentSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), error_(other.error_), next_request_(other.next_request_) {}

bool AgentSocket::send(const void* data, std::size_t length) {
    ssize_t sent = 0;
    do {
        sent = ::send(fd_, data, length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) error_ = errno;
    return sent == static_cast<ssize_t>(length);
}

wire::Header AgentSocket::Packet::header() const {
    wire::Header header{};
    if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
    return header;
}

std::optional<AgentSocket::Packet> AgentSocket::receive(std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd watched{fd_, POLLIN, 0};
        const int ready = poll(&watched, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return std::nullopt;
        Packet packet;
        packet.bytes.resize(wire::kMaxMessage);
        const ssize_t length = recv(fd_, packet.bytes.data(), packet.bytes.size(), 0);
        if (length < 0 && errno == EINTR) continue;
        packet.closed = length <= 0;
        packet.bytes.resize(packet.closed ? 0 : static_cast<std::size_t>(length));
        return packet;
    }
}

template <typename Reply>
std::optional<Reply> AgentSocket::expect(wire::Type type, std::chrono::milliseconds patience) {
    const auto packet = receive(patience);
    Reply reply;
    if (!packet || packet->bytes.size() != sizeof reply || packet->header().type != type)
        return std::nullopt;
    std::memcpy(&reply, packet->bytes.data(), sizeof reply);
    return reply;
}

std::optional<wire::HelloReply> AgentSocket::hello() {
    wire::Hello request;
    request.header = wire::make_header(wire::Type::hello, sizeof request, next_request_++);
    if (!send(&request, sizeof request)) return std::nullopt;
    return expect<wire::HelloReply>(wire::Type::hello_reply);
}

std::optional<std::vector<wire::ThreadRecord>> AgentSocket::list() {
    std::vector<wire::ThreadRecord> records;
    wire::ListRequest request;
    do {
        request.header = wire::make_header(wire::Type::list, sizeof request, next_request_++);
        if (!send(&request, sizeof request)) return std::nullopt;
        const auto packet = receive();
        wire::ListReply reply;
        if (!packet || packet->bytes.size() < sizeof reply ||
            packet->header().type != wire::Type::list_reply)
            return std::nullopt;
        std::memcpy(&reply, packet->bytes.data(), sizeof reply);
        if (packet->bytes.size() != sizeof reply + reply.count * sizeof(wire::ThreadRecord))
            return std::nullopt;
        const std::size_t before = records.size();
        records.resize(before + reply.count);
        if (reply.count > 0) {
            std::memcpy(records.data() + before, packet->bytes.data() + sizeof reply,
                        reply.count * sizeof(wire::ThreadRecord));
        }
        request.cursor = reply.next;
    } while (request.cursor != 0);
    return records;
}

std::optional<wire::FaultReply> AgentSocket::fault(wire::FaultRequest request,
                                                   std::chrono::milliseconds patience) {
    request.header = wire::make_header(wire::Type::fault, sizeof request, next_request_++);
    if (!send(&request, sizeof request)) return std::nullopt;
    return expect<wire::FaultReply>(wire::Type::fault_reply, patience);
}

}  // namespace threadfault::test
