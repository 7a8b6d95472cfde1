// The floor of a command that asks the agent once: connects, sends hello, receives the answer.
// Usage: minimal_client SOCKET
#include "wire/wire.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

int main(int argc, char** argv) {
    sockaddr_un address{};
    if (argc != 2 || std::strlen(argv[1]) >= sizeof address.sun_path) return 2;
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, argv[1]);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 1;
    using namespace threadfault::wire;
    Hello hello;
    hello.header = make_header(Type::hello, sizeof hello, 1);
    HelloReply reply;
    if (send(fd, &hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello) return 1;
    return recv(fd, &reply, sizeof reply, 0) == sizeof reply ? 0 : 1;
}
