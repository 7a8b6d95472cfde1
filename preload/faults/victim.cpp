// Runs in the signal handler on the victim. Async-signal-safe in this sense: nothing here allocates
// or takes a lock, because agent_start() has loaded the unwinder.
#include "preload/faults/victim.hpp"

#include "arch/context.hpp"
#include "base/fault.hpp"
#include "base/libc_signals.hpp"
#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/own_memory.hpp"
#include "preload/faults/capture.hpp"
#include "preload/faults/death.hpp"
#include "preload/faults/hold.hpp"
#include "preload/faults/place.hpp"
#include "preload/faults/stack_needs.hpp"
#include "preload/registry/registry.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cerrno>

namespace threadfault::shim {

namespace {

using wire::Fault;
using wire::Place;

// The deepest that holds and ends need below act_on_self().
constexpr std::uint32_t kBelow = 256;

// Not yet, or no more, in the program's own code: unwinding out of libc's start and end of a thread
// would skip what libc still has to do there, the program's own destructors among it.
bool is_coming_or_going(const Record* record) noexcept {
    if (record == nullptr) return is_newborn();
    return record->end.load(std::memory_order_relaxed) != End::none ||
           record->life.load(std::memory_order_relaxed) == Life::ending;
}

// The last word of a handler that returns at once. What the agent does next comes when this
// handler's frame has left the stack, glibc's SIGCANCEL, too: the return lets both in again.
void answer(VictimTask* task, Act act) noexcept {
    execute::let_nothing_in();
    const std::uint64_t cancellation = base::kLibcSignals;
    execute::sys_call(SYS_rt_sigprocmask, SIG_BLOCK, &cancellation, nullptr, sizeof cancellation);
    task->act.store(act, std::memory_order_release);
}

// What is left below this handler's frames, at most `most`: it runs on the alternate stack, if
// there is one, and its end is known to the kernel; the agent learns of one that it did not know.
wire::StackRoom room_below(const Record* record, const stack_t& alternate, std::uint32_t reckoned,
                           std::uint32_t most) noexcept {
    const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    const auto low = reinterpret_cast<std::uint64_t>(alternate.ss_sp);
    wire::StackRoom room{.stack = wire::Stack::own, .left = most, .wanted = most};
    std::uint64_t left = most;
    if (alternate.ss_size != 0 && here >= low && here < low + alternate.ss_size) {
        room.stack = wire::Stack::alternate;
        left = here - low;
        if (record != nullptr && record->alternate_low != low) note_alternate_stack(alternate);
    } else {
        const std::uint64_t known = record != nullptr ? record->stack_low : 0;
        left = readable_below(here, most);
        const bool may_grow = record == nullptr || record->is_main;
        if (may_grow && left < reckoned) left = reckoned < most ? reckoned : most;
        if (known != 0 && here >= known && here - known < left) left = here - known;
    }
    if (left < most) room.left = static_cast<std::uint32_t>(left);
    return room;
}

bool is_enough(const wire::StackRoom& room) noexcept {
    return room.left >= room.wanted;
}

// Where it is: by its stack, if backtrace() has the room, else by its instruction alone.
void look_around(VictimTask* task, const Record* record, const ucontext_t& interrupted) noexcept {
    std::uint64_t* const frames = task->findings->frames;
    if (is_enough(room_below(record, interrupted.uc_stack, task->reckoned, kToLook - kToHandle))) {
        task->frame_count = interrupted_frames(&interrupted, frames, kMostFrames);
        task->place = place_of_thread(frames, task->frame_count);
        // Deeper than we can see: the loader or an unwinder may be at the bottom of it.
        if (task->frame_count == kMostFrames && task->place == Place::user) {
            task->place = Place::unknown;
        }
        return;
    }
    frames[0] = arch::instruction_pointer(interrupted);
    task->frame_count = 1;
    task->place = place_of_thread(frames, 1);
}

}  // namespace

// Not noexcept: forced unwinding passes through.
void act_on_self(void* argument, void* context) {
    auto* const task = static_cast<VictimTask*>(argument);
    const Record* const record = self();
    if (has_left() ||
        (task->serial != 0 &&
         (record == nullptr || record->serial.load(std::memory_order_relaxed) != task->serial))) {
        answer(task, Act::stranger);
        return;
    }
    const Fault fault = task->fault;
    const base::FaultInfo& kind = base::info(fault);
    if (fault == Fault::capture) {
        capture_self(context, &task->findings->capture);
        task->act.store(Act::looked, std::memory_order_release);
        return;
    }
    const bool anywhere = task->anywhere;
    task->cancel = cancel_word(::pthread_self());
    const auto* const interrupted = static_cast<const ucontext_t*>(context);
    const std::uint32_t need = stack_need(fault, anywhere) - kToHandle;
    // Of main the agent has judged that; of others what is mapped tells more than its look.
    const std::uint32_t most = need > kBelow ? need : kBelow;
    task->room = room_below(record, interrupted->uc_stack, most, most);
    if (!is_enough(task->room)) {
        answer(task, Act::cramped);
        return;
    }
    look_around(task, record, *interrupted);
    if (fault == Fault::look || fault == Fault::slow) {
        answer(task, Act::looked);
        return;
    }
    if (kind.holds) {
        if (record == nullptr) {
            answer(task, Act::misplaced);
            return;
        }
        const Hold hold(fault, task->duration_ns, context);
        task->act.store(Act::held, std::memory_order_release);
        hold.last();
        execute::let_nothing_in();
        return;
    }
    if (is_coming_or_going(record) && kind.unwinds) {
        task->place = Place::unwinder;
        answer(task, Act::misplaced);
        return;
    }
    if (kind.safe_point && !anywhere && task->place != Place::user) {
        answer(task, Act::misplaced);
        return;
    }
    if (fault == Fault::cancel) {
        // By another thread, as programs do it: glibc's own call for the calling thread would skip
        // what marks it as cancelled where it was interrupted inside a system call.
        task->thread = ::pthread_self();
        answer(task, Act::named);
        return;
    }
    if (fault == Fault::vanish) {
        if (Record* const own = self()) {
            own->waited_on.store(arch::awaited_word(*static_cast<const ucontext_t*>(context)),
                                 std::memory_order_relaxed);
        }
    }
    task->act.store(Act::ending, std::memory_order_release);
    if (kind.unwinds) execute::let_in_again();
    end_self(fault);
    // Only where the thread did not end at once.
    task->act.store(Act::cancelled, std::memory_order_release);
}

}  // namespace threadfault::shim
