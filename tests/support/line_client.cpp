#include "support/line_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace threadfault::test {

LineClient::LineClient(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        fd_ = fd;
    } else if (fd >= 0) {
        close(fd);
    }
}

LineClient::~LineClient() {
    if (fd_ >= 0) close(fd_);
}

LineClient::LineClient(LineClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

bool LineClient::send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t length = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(length));
    }
    return true;
}

std::optional<std::string> LineClient::read_line(std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
        if (const std::size_t end = buffer_.find("\r\n"); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            return line;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() < 0) return std::nullopt;
        pollfd watched{fd_, POLLIN, 0};
        if (poll(&watched, 1, static_cast<int>(left.count())) <= 0) {
            if (patience.count() == 0) return std::nullopt;
            continue;
        }
        char chunk[512];
        const ssize_t length = recv(fd_, chunk, sizeof chunk, 0);
        if (length <= 0) return std::nullopt;
        buffer_.append(chunk, static_cast<std::size_t>(length));
    }
}

std::optional<std::string> LineClient::ask(std::string_view text) {
    if (!send(text)) return std::nullopt;
    return read_line();
}

bool memcached_serves(LineClient& client, const std::string& key) {
    return client.ask("set " + key + " 0 0 5\r\nvalue\r\n") == "STORED" &&
           client.ask("get " + key + "\r\n") == "VALUE " + key + " 0 5" &&
           client.read_line() == "value" && client.read_line() == "END";
}

bool redis_serves(LineClient& client, const std::string& key) {
    return client.ask("SET " + key + " value\r\n") == "+OK" &&
           client.ask("GET " + key + "\r\n") == "$5" && client.read_line() == "value";
}

}  // namespace threadfault::test
