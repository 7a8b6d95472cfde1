#include "connecting.hpp"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

namespace {

constexpr int kPatienceMs = 10'000;

std::string name_of(int result) {
    return result == 0 ? "0" : strerrorname_np(errno);
}

struct Listener {
    explicit Listener(int room) : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        bind(socket, to(), length);
        getsockname(socket, to(), &length);
        listen(socket, room);
    }
    ~Listener() { close(socket); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    sockaddr* to() { return reinterpret_cast<sockaddr*>(&address); }

    int socket;
    sockaddr_in address{};
};

std::string outcome_of(int socket) {
    pollfd one{socket, POLLOUT, 0};
    if (poll(&one, 1, kPatienceMs) != 1) return "pending";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "connected" : strerrorname_np(error);
}

void show_blocking(int socket) {
    std::printf("%s\n", (fcntl(socket, F_GETFL) & O_NONBLOCK) == 0 ? "blocking" : "not blocking");
}

}  // namespace

void connect_and_wait() {
    Listener listener(8);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int result = connect(socket, listener.to(), sizeof listener.address);
    std::printf("connect %s\n", name_of(result).c_str());
    std::printf("then %s\n", outcome_of(socket).c_str());
    show_blocking(socket);
    std::printf("write %ld\n", static_cast<long>(write(socket, "x", 1)));
    const int other = accept(listener.socket, nullptr, nullptr);
    char byte = 0;
    std::printf("arrived %ld\n", static_cast<long>(read(other, &byte, 1)));
    // Once more: it is connected, as far as the kernel has noticed.
    const int again = connect(socket, listener.to(), sizeof listener.address);
    const int third = connect(socket, listener.to(), sizeof listener.address);
    std::printf("again %s\n", again == 0 ? name_of(third).c_str() : name_of(again).c_str());
    close(other);
    close(socket);
}

void connect_again() {
    Listener listener(8);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rounds = 0;
    int result = 0;
    do {
        result = connect(socket, listener.to(), sizeof listener.address);
        ++rounds;
    } while (result != 0 && errno == EINTR && rounds < 1000);
    std::printf("rounds %s\n", rounds < 1000 ? "few" : "many");
    std::printf("at last %s\n", result == 0 || errno == EISCONN ? "connected" : "not connected");
    close(socket);
}

void connect_to_a_full_queue() {
    Listener listener(0);
    const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(first, listener.to(), sizeof listener.address) != 0) std::printf("no room\n");
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::printf("connect %s\n",
                name_of(connect(socket, listener.to(), sizeof listener.address)).c_str());
    // It goes on: whoever does not wait is told so.
    fcntl(socket, F_SETFL, O_NONBLOCK);
    std::printf("again %s\n",
                name_of(connect(socket, listener.to(), sizeof listener.address)).c_str());
    // Room is made, and the connection comes about when the first message is sent once more.
    close(accept(listener.socket, nullptr, nullptr));
    std::printf("then %s\n", outcome_of(socket).c_str());
    close(socket);
    close(first);
}

void connect_locally() {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t length = sizeof(sa_family_t);  // the kernel chooses an abstract name
    bind(listener, reinterpret_cast<sockaddr*>(&address), length);
    length = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    listen(listener, 8);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    std::printf("connect %s\n", name_of(connect(socket, to, length)).c_str());
    std::printf("again %s\n", name_of(connect(socket, to, length)).c_str());
    close(socket);
    close(listener);
}
