// Runs in the signal handler on the victim. Async-signal-safe in this sense: nothing here allocates
// or takes a lock, because agent_start() has loaded the unwinder.
#include "preload/faults/victim.hpp"

#include "base/fault.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/faults/capture.hpp"
#include "preload/faults/death.hpp"
#include "preload/faults/hold.hpp"
#include "preload/faults/place.hpp"
#include "preload/registry/registry.hpp"

#include <pthread.h>
#include <ucontext.h>

namespace threadfault::shim {

namespace {

using wire::Fault;
using wire::Place;

// The unwinder's own frames, measured at 3 KiB, and the descriptor at the stack's end, which the
// record's lowest address does not count.
constexpr std::uint64_t kRoomToUnwind = 8 * 1024;

// Not yet, or no more, in the program's own code: unwinding out of libc's start and end of a thread
// would skip what libc still has to do there, the program's own destructors among it.
bool is_coming_or_going(const Record* record) noexcept {
    if (record == nullptr) return is_newborn();
    return record->end.load(std::memory_order_relaxed) != End::none ||
           record->life.load(std::memory_order_relaxed) == Life::ending;
}

// A thread with the smallest of stacks must not overflow it for us.
bool has_room(const Record* record, const ucontext_t* context) noexcept {
    std::uint64_t low = record != nullptr ? record->stack_low : 0;
    const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    const auto alternate = reinterpret_cast<std::uint64_t>(context->uc_stack.ss_sp);
    if (context->uc_stack.ss_size != 0 && here >= alternate &&
        here < alternate + context->uc_stack.ss_size) {
        low = alternate;
    }
    return low == 0 || here - low >= kRoomToUnwind;
}

}  // namespace

// Not noexcept: forced unwinding passes through.
void act_on_self(void* argument, void* context) {
    auto* const task = static_cast<VictimTask*>(argument);
    const Record* const record = self();
    if (has_left() ||
        (task->serial != 0 &&
         (record == nullptr || record->serial.load(std::memory_order_relaxed) != task->serial))) {
        task->act.store(Act::stranger, std::memory_order_release);
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
    const bool roomy = has_room(record, static_cast<const ucontext_t*>(context));
    std::uint64_t* const frames = task->findings->frames;
    if (roomy) {
        task->frame_count = interrupted_frames(context, frames, kMostFrames);
        task->place = place_of_thread(frames, task->frame_count);
        // Deeper than we can see: the loader or an unwinder may be at the bottom of it.
        if (task->frame_count == kMostFrames && task->place == Place::user) {
            task->place = Place::unknown;
        }
    } else {
        frames[0] = static_cast<std::uint64_t>(
            static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
        task->frame_count = 1;
        task->place = place_of_thread(frames, 1);
    }
    if (fault == Fault::look || fault == Fault::slow) {
        task->act.store(Act::looked, std::memory_order_release);
        return;
    }
    if (kind.holds) {
        if (record == nullptr || !roomy) {
            task->act.store(Act::misplaced, std::memory_order_release);
            return;
        }
        const Hold hold(fault, task->duration_ns);
        task->act.store(Act::held, std::memory_order_release);
        hold.last();
        return;
    }
    if (is_coming_or_going(record) && kind.unwinds) {
        task->place = Place::unwinder;
        task->act.store(Act::misplaced, std::memory_order_release);
        return;
    }
    const bool safe = task->place == Place::user && (roomy || !kind.unwinds);
    if (kind.safe_point && !anywhere && !safe) {
        task->act.store(Act::misplaced, std::memory_order_release);
        return;
    }
    if (fault == Fault::cancel) {
        // By another thread, as programs do it: glibc's own call for the calling thread would skip
        // what marks it as cancelled where it was interrupted inside a system call.
        task->thread = ::pthread_self();
        task->act.store(Act::named, std::memory_order_release);
        return;
    }
    task->act.store(Act::ending, std::memory_order_release);
    end_self(fault);
    // Only where the thread did not end at once.
    task->act.store(Act::cancelled, std::memory_order_release);
}

}  // namespace threadfault::shim
