// What a fault would be refused for, as far as that is known without a signal to the victim.
#include "execute/core.hpp"
#include "preload/agent/attempt.hpp"
#include "preload/agent/stack_room.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/task_file.hpp"

namespace threadfault::shim {

using wire::FaultOutcome;
using wire::Reason;

void Attempt::judge() noexcept {
    const bool by_libc = request_.fault == wire::Fault::cancel && record_ != nullptr;
    if (!by_libc) {
        if (!execute::handler_in_place()) {
            return finish(FaultOutcome::refused, Reason::signal_taken);
        }
        if (is_sandboxed(request_.tid)) return finish(FaultOutcome::refused, Reason::seccomp);
        // Many a call blocks all signals for a moment (pthread_create does); not one that sleeps.
        std::uint64_t stack_pointer = 0;
        const auto hearing = execute::deafness(request_.tid, execute::signal_in_use());
        if (hearing == execute::Deafness::blocked &&
            waiting_stack_pointer(request_.tid, &stack_pointer)) {
            return finish(FaultOutcome::refused, Reason::signal_blocked);
        }
    }
    const bool anywhere = (request_.flags & wire::kFaultAnywhere) != 0;
    const StackVerdict verdict =
        by_libc ? stack_room_to_cancel(request_.tid, record_)
                : stack_room_for(request_.fault, anywhere, request_.tid, record_);
    // Of one that runs just now it is found out when it waits.
    if (!verdict.enough && verdict.room.left != wire::kRoomUnknown) {
        reply_.room = verdict.room;
        return finish(FaultOutcome::refused, Reason::no_stack_room);
    }
    finish(FaultOutcome::refused, Reason::none);
}

}  // namespace threadfault::shim
