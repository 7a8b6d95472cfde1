#include "format/format.hpp"
#include "scenario/match.hpp"
#include "scenario/probe/attempt.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostAnswer = std::size_t{64} * 1024;

struct Address {
    int family = 0;
    std::vector<unsigned char> bytes;
};

Address unix_address(const std::string& path, std::string* why) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        *why = formatted("{} is too long for a socket path", path);
        return {};
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    // "@name" is in the abstract name space, where the length counts and no NUL ends the name.
    std::size_t length = offsetof(sockaddr_un, sun_path) + path.size();
    if (path.starts_with('@')) {
        address.sun_path[0] = '\0';
    } else {
        length++;
    }
    const auto* const begin = reinterpret_cast<const unsigned char*>(&address);
    return {AF_UNIX, {begin, begin + length}};
}

std::vector<Address> tcp_addresses(const std::string& to, std::string* why) {
    const std::size_t colon = to.rfind(':');
    std::string host = to.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), to.substr(colon + 1).c_str(), &hints, &found);
    if (error != 0) {
        *why = formatted("{}: {}", host, gai_strerror(error));
        return {};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        const auto* const begin = reinterpret_cast<const unsigned char*>(one->ai_addr);
        addresses.push_back({one->ai_family, {begin, begin + one->ai_addrlen}});
    }
    return addresses;
}

class Connection {
public:
    Connection(TimePoint deadline, const Stop& stop) : deadline_(deadline), stop_(stop) {}
    ~Connection() {
        if (socket_ >= 0) close(socket_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool connect_to(const Address& address) {
        if (socket_ >= 0) close(socket_);
        socket_ = socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (socket_ < 0) return fail(std::strerror(errno));
        const auto* const raw = reinterpret_cast<const sockaddr*>(address.bytes.data());
        if (connect(socket_, raw, static_cast<socklen_t>(address.bytes.size())) == 0) return true;
        // EAGAIN: a unix socket's queue is full, and poll() can't wait for room in it.
        if (errno == EAGAIN) return fail("the listener's queue is full");
        if (errno != EINPROGRESS) return fail(std::strerror(errno));
        if (!wait_for(POLLOUT, "no connection in time")) return false;
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
        return error == 0 || fail(std::strerror(error));
    }

    bool send_all(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                text.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno != EAGAIN) {
                return fail(std::strerror(errno));
            } else if (!wait_for(POLLOUT, "the peer doesn't read what is sent")) {
                return false;
            }
        }
        return true;
    }

    bool receive(const std::string& expected) {
        const Regex regex(expected);
        std::string answer;
        while (!find_line(answer, regex)) {
            if (answer.size() > kMostAnswer)
                return fail("the answer is too long and lacks the expected text");
            if (!wait_for(POLLIN, answer.empty() ? "no answer in time"
                                                 : "the expected answer did not arrive in time"))
                return false;
            char buffer[4096];
            const ssize_t length = recv(socket_, buffer, sizeof buffer, 0);
            if (length > 0) {
                answer.append(buffer, static_cast<std::size_t>(length));
            } else if (length == 0) {
                return fail(answer.empty() ? "closed the connection without an answer"
                                           : "unexpected answer");
            } else if (errno != EAGAIN) {
                return fail(std::strerror(errno));
            }
        }
        return true;
    }

    const std::string& why() const noexcept { return why_; }

private:
    bool fail(std::string_view why) {
        why_ = why;
        return false;
    }

    bool wait_for(short events, const char* otherwise) {
        while (true) {
            pollfd watched[] = {{socket_, events, 0}, {stop_.descriptor(), POLLIN, 0}};
            const int ready = poll(watched, 2, poll_timeout(deadline_));
            if (watched[1].revents != 0) return fail("stopped");
            if (watched[0].revents != 0) return true;
            if (ready == 0 && Clock::now() >= deadline_) return fail(otherwise);
        }
    }

    TimePoint deadline_;
    const Stop& stop_;
    int socket_ = -1;
    std::string why_;
};

}  // namespace

Attempt try_socket(const SocketProbe& probe, TimePoint deadline, const Stop& stop) {
    Attempt attempt;
    std::vector<Address> addresses;
    if (probe.local) {
        addresses.push_back(unix_address(probe.to, &attempt.why));
    } else {
        addresses = tcp_addresses(probe.to, &attempt.why);
    }
    if (!attempt.why.empty()) return attempt;
    Connection connection(deadline, stop);
    bool connected = false;
    for (const Address& address : addresses)
        connected = connected || connection.connect_to(address);
    attempt.healthy = connected && connection.send_all(probe.send) &&
                      (probe.expect.empty() || connection.receive(probe.expect));
    attempt.why = connection.why();
    return attempt;
}

}  // namespace threadfault::scenario
