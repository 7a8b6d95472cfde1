#include "harness/listening.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace threadfault::target {
namespace {

class Socket {
public:
    Socket(int family, const sockaddr* address, socklen_t length)
        : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(bind(fd_, address, length), 0) << std::strerror(errno);
    }
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    void listen() const { EXPECT_EQ(::listen(fd_, 1), 0); }
    int fd() const { return fd_; }

private:
    int fd_;
};

TEST(Listening, TcpPort) {
    for (const int family : {AF_INET, AF_INET6}) {
        sockaddr_storage address{};
        address.ss_family = static_cast<sa_family_t>(family);
        const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        const Socket socket(family, reinterpret_cast<sockaddr*>(&address), length);
        socket.listen();
        socklen_t size = sizeof address;
        getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
        // The port stands at the same place in both.
        const int port = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
        EXPECT_TRUE(is_listening(getpid(), std::to_string(port)));
        EXPECT_FALSE(is_listening(getpid(), "1"));
    }
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

TEST(Listening, UnixSocketOnlyWhenItListens) {
    const std::string path = "/tmp/listening test " + std::to_string(getpid());
    unlink(path.c_str());
    const sockaddr_un address = unix_address(path);
    const Socket socket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EXPECT_FALSE(is_listening(getpid(), path));
    socket.listen();
    EXPECT_TRUE(is_listening(getpid(), path));
    EXPECT_FALSE(is_listening(getpid(), path + "x"));
    unlink(path.c_str());
}

TEST(Listening, AbstractName) {
    const std::string name = "listening-test-" + std::to_string(getpid());
    const sockaddr_un address = unix_address(std::string(1, '\0') + name);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const Socket socket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), length);
    socket.listen();
    EXPECT_TRUE(is_listening(getpid(), "@" + name));
}

TEST(Listening, AChildsSocketCountsAndAStrangersDoesNot) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const std::string path = "/tmp/listening-child-" + std::to_string(getpid());
    unlink(path.c_str());
    const pid_t child = fork();
    if (child == 0) {
        const sockaddr_un address = unix_address(path);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        const bool bound =
            bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
            listen(fd, 1) == 0;
        if (!bound || write(ready[1], "x", 1) != 1) _exit(1);
        while (true)
            pause();
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_TRUE(is_listening(getpid(), path));
    const pid_t stranger = fork();
    if (stranger == 0) {
        while (true)
            pause();
    }
    EXPECT_FALSE(is_listening(stranger, path));
    for (const pid_t pid : {child, stranger}) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    close(ready[0]);
    close(ready[1]);
    unlink(path.c_str());
}

}  // namespace
}  // namespace threadfault::target
