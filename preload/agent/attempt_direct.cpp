// The faults for which no request runs on the victim: the agent sees to them itself.
#include "execute/syscalls.hpp"
#include "preload/agent/attempt.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"
#include "preload/faults/hold.hpp"

#include <pthread.h>

#include <cstring>

namespace threadfault::shim {

namespace {

using wire::FaultOutcome;
using wire::Reason;

constexpr std::int64_t kBetweenLooks = 1'000'000;  // at a thread that sleeps uninterruptibly
constexpr std::uint32_t kHolds = wire::kInForceFreeze | wire::kInForceDelay | wire::kInForceSpin;

}  // namespace

void Attempt::send_signal() noexcept {
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_signo = request_.signal;
    info.si_code = SI_QUEUE;
    info.si_pid = shim_pid();
    info.si_uid = static_cast<uid_t>(execute::sys_call(SYS_getuid));
    info.si_value.sival_ptr = reinterpret_cast<void*>(request_.value);
    const SendPermit permit;
    if (!permit) return finish(FaultOutcome::no_such_thread);
    switch (execute::sys_rt_tgsigqueueinfo(shim_pid(), request_.tid, request_.signal, &info)) {
        case 0:
            return finish(FaultOutcome::done);
        case -EAGAIN:
            return finish(FaultOutcome::refused, Reason::queue_full);
        case -ESRCH:
            return finish(FaultOutcome::no_such_thread);
        case -EINVAL:
            return finish(FaultOutcome::refused, Reason::not_supported);
        default:
            return finish(FaultOutcome::refused, Reason::seccomp);
    }
}

// As any other thread of the program would: the type and state of its cancellation are as they are,
// and what it is doing decides when it acts. The helper may make this call: what it loads and
// installs the first time, it has loaded and installed at the start (agent_start()).
void Attempt::cancel(std::int64_t now) noexcept {
    const StackVerdict verdict = stack_room_to_cancel(request_.tid, record_);
    if (!verdict.enough) return rest_until_roomy(verdict.room, now);
    cramped_ = false;
    // A cancellation can't be taken back: of a thread that sleeps uninterruptibly it is told
    // before.
    switch (silence_.judge(execute::Deafness::hears, task_state(request_.tid), -1)) {
        case execute::Silence::Verdict::undecided:
            step_ = Step::resting;
            next_look_ = now + kBetweenLooks;
            return;
        case execute::Silence::Verdict::uninterruptible:
            return finish(FaultOutcome::refused, Reason::uninterruptible);
        default:
            break;
    }
    {
        const SendPermit permit;
        if (!permit) return finish(FaultOutcome::no_such_thread);
        const Pin pin(record_, serial_);
        const pthread_t thread = record_->thread.load(std::memory_order_relaxed);
        if (!pin || thread == 0 || has_ended()) return finish(FaultOutcome::no_such_thread);
        if (reply_.attempts == 0) {
            task_.place = wire::Place::unknown;
            task_.frame_count = 0;
        }
        ++reply_.attempts;
        ::pthread_cancel(thread);
    }
    task_.act.store(Act::cancelled, std::memory_order_relaxed);
    watch_cancelled(now);
}

void Attempt::watch_cancelled(std::int64_t now) noexcept {
    if (record_ != nullptr && record_->serial.load() == serial_) {
        record_->faults.fetch_or(wire::kInForceCancel, std::memory_order_relaxed);
    }
    step_ = Step::watching;
    pause_ns_ = kFirstPause;
    advance_watching(now);
}

void Attempt::thaw(std::int64_t now) noexcept {
    const Keeper::Undone undone = keeper.undo(record_, request_.tid);
    if (record_ == nullptr) {
        if (undone == Keeper::Undone::not_all) {
            return finish(FaultOutcome::refused, Reason::not_permitted);
        }
        const bool nothing = undone == Keeper::Undone::nothing;
        return finish(FaultOutcome::done, nothing ? Reason::not_in_force : Reason::none);
    }
    const bool held = (record_->faults.load(std::memory_order_acquire) & kHolds) != 0;
    if (undone == Keeper::Undone::nothing && !held) {
        return finish(FaultOutcome::done, Reason::not_in_force);
    }
    let_go(record_);
    if (undone == Keeper::Undone::not_all)
        return finish(FaultOutcome::refused, Reason::not_permitted);
    step_ = Step::loosening;
    advance_loosening(now);
}

void Attempt::advance_loosening(std::int64_t now) noexcept {
    if (has_ended()) return victim_ended();
    const bool held = (record_->faults.load(std::memory_order_acquire) & kHolds) != 0;
    if (!held) return finish(FaultOutcome::done);
    if (now >= deadline_ns_) return finish(FaultOutcome::pending, why_silent());
    come_again(now);
}

void Attempt::interrupt(std::int64_t now) noexcept {
    const int number = reserved_signal(1);
    if (number == 0) return finish(FaultOutcome::refused, Reason::signal_taken);
    execute::KernelSigaction action{};
    if (execute::sys_query_sigaction(number, &action) != 0 || action.handler == nullptr) {
        return finish(FaultOutcome::refused, Reason::signal_taken);
    }
    if (execute::deafness(request_.tid, number) == execute::Deafness::blocked) {
        return finish(FaultOutcome::refused, Reason::signal_blocked);
    }
    const StackVerdict verdict =
        stack_room_for(wire::Fault::interrupt, true, request_.tid, record_);
    if (!verdict.enough) {
        // A thread that runs just now is looked at again when it waits.
        if (verdict.room.left == wire::kRoomUnknown) return rest_until_roomy(verdict.room, now);
        reply_.room = verdict.room;
        return finish(FaultOutcome::refused, Reason::no_stack_room);
    }
    interrupts_before_ = record_->interrupts.load(std::memory_order_acquire);
    const SendPermit permit;
    if (!permit || execute::poke(shim_pid(), request_.tid, number) != 0) {
        return finish(FaultOutcome::no_such_thread);
    }
    ++reply_.attempts;
    task_.frame_count = 0;
    step_ = Step::poking;
    advance_poking(now);
}

void Attempt::advance_poking(std::int64_t now) noexcept {
    const bool handled = record_->interrupts.load(std::memory_order_acquire) != interrupts_before_;
    if (handled) return finish(FaultOutcome::done);
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return finish(FaultOutcome::pending, why_silent());
    come_again(now);
}

void Attempt::demote() noexcept {
    const Reason reason = keeper.demote(record_, request_);
    if (reason != Reason::none && has_ended()) return victim_ended();
    finish(reason == Reason::none ? FaultOutcome::done : FaultOutcome::refused, reason);
}

}  // namespace threadfault::shim
