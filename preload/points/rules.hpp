// The call faults in force in this process.
//
// Rules lie in slots. A thread at a call counts itself into a slot while it looks at it; the agent
// (the only one who arms and clears once the program runs) reuses a slot only when no thread is
// counted in it. Lock-free: a call may be made in a signal handler, or in a thread that dies there.
#ifndef THREADFAULT_PRELOAD_RULES_HPP
#define THREADFAULT_PRELOAD_RULES_HPP

#include "inject/rule.hpp"
#include "preload/points/subject.hpp"
#include "wire/wire.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// Is any rule about that call? All that a call costs while nothing is armed for it.
extern std::atomic<bool> armed_calls[inject::kCallCount];

// Was any rule ever armed in this process? Without one decide() has nothing to say.
extern std::atomic<std::uint32_t> rule_limit;
inline bool had_rules() noexcept {
    return rule_limit.load(std::memory_order_acquire) != 0;
}

// Is this the points library? Known to the linker.
bool has_points() noexcept;

// --- at a call -----------------------------------------------------------------------------------

// Without first values: one is made at each call, and nearly none is looked at.
struct Effect {
    inject::Action action;
    inject::Side side;
    wire::Fault death;
    int error;
    std::int64_t duration_ns;
};

struct Decision {
    static constexpr unsigned kMost = 8;
    Effect effects[kMost];  // `count` of them: of the rules that fire, in the order of their arming
    unsigned count = 0;

    // What happens in place of the call; nullptr: the call itself.
    const Effect* instead() const noexcept {
        for (unsigned i = 0; i < count; ++i) {
            const inject::Action action = effects[i].action;
            if (action == inject::Action::error || action == inject::Action::spurious ||
                action == inject::Action::interrupt) {
                return &effects[i];
            }
        }
        return nullptr;
    }
};

// The calling thread makes that call, or comes back from it: counts it for the rules about that
// side and says what is to happen. Calls that block side by side return in another order than they
// were made in: rules for `after` count the returns. An error that the call's object can't give
// does not happen, unless it is forced. Keeps errno.
Decision decide(inject::Call call, inject::Side side, const CallArguments& arguments = {}) noexcept;

// Need not return; unwinding passes through.
void act_on(const Decision& decision);

// --- arming --------------------------------------------------------------------------------------

// Puts armed_calls[] in step with the rules, and with a census that wants every call.
void show_armed_calls() noexcept;

// From THREADFAULT_INJECT, one SPEC a line. When the shim is loaded, by the thread that loads it.
void arm_from_environment() noexcept;

// By the agent. `column` is set for `malformed`, `id` for `armed`.
wire::ArmOutcome arm(const char* text, std::size_t length, std::uint32_t* id,
                     std::uint32_t* column) noexcept;
// 0: all. Returns how many were in force.
std::uint32_t disarm(std::uint32_t id) noexcept;
// Copies out the rule in the next used slot from `*cursor` on, and moves the cursor behind it.
// False: there is none.
bool next_spec(std::uint32_t* cursor, wire::SpecRecord* out) noexcept;

// A forked child counts from 1 again.
void restart_rules_after_fork() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_RULES_HPP
