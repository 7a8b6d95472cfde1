// What the registry calls of the agent, in a program without one.
#include "stand_ins.hpp"
#include "preload/registry/agent_calls.hpp"
#include "preload/registry/end_calls.hpp"
#include "preload/registry/events.hpp"

namespace threadfault::shim {

const void* const trampolines[2] = {nullptr, nullptr};

std::atomic<int> last_threads_left{0};

void last_thread_is_leaving() noexcept {
    last_threads_left.fetch_add(1);
}

void tell_agent_of_move() noexcept {}

void thread_has_ended() noexcept {}

void tell(wire::EventKind, const Record&, std::uint32_t) noexcept {}

}  // namespace threadfault::shim
