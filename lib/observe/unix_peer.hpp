// The other end of a connected unix socket, asked of the kernel (unix_diag).
#ifndef THREADFAULT_OBSERVE_UNIX_PEER_HPP
#define THREADFAULT_OBSERVE_UNIX_PEER_HPP

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace threadfault::observe {

struct UnixPeer {
    std::uint32_t inode = 0;
    // Others can send to it, too: a datagram socket that has a name.
    bool open_to_all = false;
};

// Of the socket with this inode, in the network namespace of `pid`. std::nullopt: it is no unix
// socket, has no peer, or the kernel doesn't tell.
std::optional<UnixPeer> unix_peer(pid_t pid, std::uint64_t inode);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_UNIX_PEER_HPP
