// The fault requests under way, and who sent them. Used by the helper thread only.
#ifndef THREADFAULT_PRELOAD_WORKS_HPP
#define THREADFAULT_PRELOAD_WORKS_HPP

#include "preload/agent/attempt.hpp"
#include "preload/agent/clients.hpp"

#include <cstdint>

namespace threadfault::shim {

// A fault request under way. A client may send many before the first is answered.
struct Work {
    Attempt attempt;
    Client* client = nullptr;  // nullptr: it has gone meanwhile
    std::uint32_t request = 0;
};

// Mapped once and kept: a victim's handler may still look at its task when the helper that sent it
// has retired.
class Works {
public:
    bool prepare() noexcept;

    Work* begin() noexcept { return begin_; }
    Work* end() noexcept { return begin_ + used_; }

    // nullptr: too many are under way.
    Work* take() noexcept;
    // For the client's largest request? None can have more under way than its share, so that those
    // who ask for much, or do not read their answers, do not lock out the others.
    bool has_room_for(const Client& client) noexcept;

    Findings* findings_of(const Work& work) noexcept;

private:
    Work* begin_ = nullptr;
    Findings* findings_ = nullptr;  // as many
    unsigned used_ = 0;             // those from here on were never touched
};
extern constinit Works works;

// Takes up all that the request (wire::CaptureRequest) names; there must be room.
void begin_captures(Client& client, const void* request) noexcept;

// Sends what has been captured for the client, many threads to a message. False: it has gone.
bool answer_captures(Client& client) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_WORKS_HPP
