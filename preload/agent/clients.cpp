#include "preload/agent/clients.hpp"

#include "execute/syscalls.hpp"
#include "preload/agent/works.hpp"
#include "preload/registry/events.hpp"

#include <sys/socket.h>

namespace threadfault::shim {

constinit Client clients[kMaxClients]{};
alignas(wire::Header) constinit char packet[wire::kMaxMessage]{};

bool send(const Client& client, const void* data, std::size_t size) noexcept {
    return execute::sys_call(SYS_sendto, client.socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT,
                             nullptr, 0) == static_cast<long>(size);
}

void close_client(Client& client) noexcept {
    if (client.socket >= 0) execute::sys_close(client.socket);
    if (client.follows) remove_follower();
    client = Client{};
    for (Work& work : works) {
        if (work.client != &client || !work.attempt.active()) continue;
        work.client = nullptr;
        if (!work.attempt.finished()) work.attempt.give_up(execute::monotonic_ns());
        if (work.attempt.finished()) work.attempt.clear();
    }
}

}  // namespace threadfault::shim
