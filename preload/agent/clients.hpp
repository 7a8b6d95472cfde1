// Who is connected. Used by the helper thread only.
#ifndef THREADFAULT_PRELOAD_CLIENTS_HPP
#define THREADFAULT_PRELOAD_CLIENTS_HPP

#include "wire/wire.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

struct Client {
    int socket = -1;            // -1: free
    std::uint32_t request = 0;  // the number of the one that is being answered
    bool full = false;          // it has not read what it was sent: POLLOUT tells when it has
    // of a follower of events
    bool follows = false;
    std::uint64_t cursor = 0;  // the next event
    std::uint64_t lost = 0;    // not yet told
    std::uint32_t follow_request = 0;
    std::int64_t unready_since = 0;
};

inline constexpr unsigned kMaxClients = 32;
extern constinit Client clients[kMaxClients];

// The message that is read or written.
alignas(wire::Header) extern constinit char packet[wire::kMaxMessage];

// Nobody who does not read may hold us up: a full socket counts as gone.
bool send(const Client& client, const void* data, std::size_t size) noexcept;

// Takes back what it asked for and what has not begun.
void close_client(Client& client) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CLIENTS_HPP
