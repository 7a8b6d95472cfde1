#include "connections.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

namespace lock_target {
namespace {

union Address {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
};

Address loopback(int family) {
    Address address{};
    address.any.sa_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
        address.six.sin6_addr = in6addr_loopback;
    } else {
        address.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return address;
}

int stream_socket(int family) {
    const int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(made >= 0);
    return made;
}

}  // namespace

void require(bool done) {
    if (done) return;
    std::perror("channels");
    std::exit(2);
}

Ends connected_to_itself(const std::string& kind) {
    const bool mapped = kind == "tcp-mapped";
    const int callers = kind == "tcp6" ? AF_INET6 : AF_INET;
    Address address = loopback(kind == "tcp6" ? AF_INET6 : AF_INET);
    if (mapped) {
        address = {};
        address.six.sin6_family = AF_INET6;
        address.six.sin6_addr.s6_addr[10] = address.six.sin6_addr.s6_addr[11] = 0xff;
        address.six.sin6_addr.s6_addr[12] = 127;
        address.six.sin6_addr.s6_addr[15] = 1;
    }
    socklen_t size = sizeof address;
    const int listener = stream_socket(address.any.sa_family);
    require(bind(listener, &address.any, size) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, &address.any, &size) == 0);
    if (mapped) {
        const in_port_t port = address.six.sin6_port;
        address = loopback(AF_INET);
        address.four.sin_port = port;
    }
    const int caller = stream_socket(callers);
    require(connect(caller, &address.any, sizeof address) == 0);
    if (kind == "tcp-not-accepted") return {caller, caller};
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    require(accepted >= 0);
    return {kind == "tcp-listening" ? listener : accepted, caller};
}

}  // namespace lock_target
