// Sockets left behind by agents whose processes were killed.
#ifndef THREADFAULT_CLIENT_STALE_SOCKETS_HPP
#define THREADFAULT_CLIENT_STALE_SOCKETS_HPP

#include <chrono>
#include <cstddef>
#include <string>

namespace threadfault::client {

// Between an agent's bind() and its listen() a connection is refused, too: what is younger stays.
inline constexpr std::chrono::seconds kStaleAfter{60};

// Removes from `directory`, which must belong to this user alone, the sockets "<pid>.sock" of this
// user that are older than that, whose pid no process has here, and that refuse a connection: the
// pid may be that of a process in another namespace which shares the directory, but then somebody
// listens. The number of those removed. Never throws.
std::size_t remove_stale_sockets(const std::string& directory,
                                 std::chrono::seconds older_than = kStaleAfter) noexcept;

// The same for all directories where this user's agents put them.
std::size_t remove_stale_sockets() noexcept;

}  // namespace threadfault::client

#endif  // THREADFAULT_CLIENT_STALE_SOCKETS_HPP
