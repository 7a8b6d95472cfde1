#include "preload/agent/attempt.hpp"

#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/agent/task_file.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/hold.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

using wire::Fault;
using wire::Outcome;
using wire::Reason;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kShortestWait = 5 * kMillisecond;  // to be told of a deaf thread at least
constexpr std::int64_t kFirstPause = 100'000;
constexpr std::int64_t kLongestPause = 5 * kMillisecond;
constexpr std::int64_t kSilence = 200'000;  // healthy threads have answered by then
// Of a crowd that is asked at once the last have their turn later: as long as others answer there
// is no silence.
constexpr std::int64_t kSilenceOfCrowd = 2 * kMillisecond;
constinit std::int64_t last_capture_ns = 0;
constexpr std::int64_t kLinger = 150'000;
constexpr int kBlockedLooks = 2;  // a thread may block everything for a moment
constexpr int kRunningLooks = 40;
constexpr int kNewbornLooks = 3;  // libc does so at a thread's birth and end
// A page fault, a disk, or others that map memory let a thread sleep uninterruptibly for a moment
// (26 ms were seen in brk(2) on a busy machine): that is waited for.
constexpr int kUninterruptibleLooks = 100;

constexpr std::uint32_t kHolds = wire::kInForceFreeze | wire::kInForceDelay | wire::kInForceSpin;

// Asked of the kernel once for those that are taken up together.
bool handler_in_place(std::int64_t now) noexcept {
    static constinit std::int64_t asked_ns = 0;
    static constinit bool in_place = false;
    if (now != asked_ns) {
        asked_ns = now;
        in_place = execute::handler_in_place();
    }
    return in_place;
}

bool unwinds(Fault fault) noexcept {
    return fault == Fault::cancel || fault == Fault::async_cancel || fault == Fault::exit;
}

bool is_death(Fault fault) noexcept {
    return unwinds(fault) || fault == Fault::vanish;
}

}  // namespace

void Attempt::begin(const wire::FaultRequest& request, Findings* findings,
                    std::int64_t now) noexcept {
    request_ = request;
    task_.findings = findings;
    arrived_ns_ = now;
    deadline_ns_ = now + (request.wait_ns > kShortestWait ? request.wait_ns : kShortestWait);
    if (deadline_ns_ < now) deadline_ns_ = execute::kNever;
    pause_ns_ = kFirstPause;
    looks_first_ = (request.flags & wire::kFaultTellFrames) != 0 && unwinds(request.fault);
    ticket_ = {};
    deaf_looks_ = newborn_looks_ = uninterruptible_looks_ = 0;
    new (&reply_) wire::FaultReply;
    reply_.tid = request.tid;
    reply_.serial = request.serial;
    record_ = find_record(request.tid, request.serial);
    serial_ = record_ != nullptr ? record_->serial.load(std::memory_order_relaxed) : 0;
    victim_ = {};
    death_ = execute::DeathWatch(shim_pid(), request.tid, now);
    if (record_ != nullptr) {
        if (!copy_record(*record_, &victim_)) victim_ = {};
        load_name(*record_, reply_.name);
        reply_.serial = serial_;
    }
    if (request.tid <= 0 || (record_ == nullptr && request.serial != 0)) {
        finish(Outcome::no_such_thread);
    } else if (request.tid == agent_tid()) {
        finish(Outcome::refused, Reason::agent_thread);
    } else if (request.fault != Fault::capture && has_ended()) {
        // Of a thousand captures the look into /proc would be the largest part; the signal can't
        // be sent to most that have ended, and the others are noticed when they stay silent.
        finish(Outcome::no_such_thread);
    } else {
        start(now);
    }
}

void Attempt::start(std::int64_t now) noexcept {
    const Fault fault = request_.fault;
    if (fault == Fault::signal) return send_signal();
    if (is_death(fault) || fault == Fault::look || fault == Fault::capture) return post(now);
    // The others keep their state in the thread's record.
    if (record_ == nullptr) return finish(Outcome::refused, Reason::not_supported);
    switch (fault) {
        case Fault::freeze:
        case Fault::delay:
        case Fault::spin:
            return post(now);
        case Fault::slow:
            if (request_.percent < 1 || request_.percent > 99) break;
            return post(now);
        case Fault::thaw:
            return thaw(now);
        case Fault::interrupt:
            return interrupt(now);
        case Fault::demote:
            return demote();
        default:
            break;
    }
    finish(Outcome::refused, Reason::not_supported);
}

void Attempt::thaw(std::int64_t now) noexcept {
    const Keeper::Undone undone = keeper.undo(record_);
    const bool held = (record_->faults.load(std::memory_order_acquire) & kHolds) != 0;
    if (undone == Keeper::Undone::nothing && !held) {
        return finish(Outcome::done, Reason::not_in_force);
    }
    let_go(record_);
    if (undone == Keeper::Undone::not_all) return finish(Outcome::refused, Reason::not_permitted);
    step_ = Step::loosening;
    advance_loosening(now);
}

void Attempt::advance_loosening(std::int64_t now) noexcept {
    if (has_ended()) return victim_ended();
    const bool held = (record_->faults.load(std::memory_order_acquire) & kHolds) != 0;
    if (!held) return finish(Outcome::done);
    if (now >= deadline_ns_) return finish(Outcome::pending, why_silent());
    come_again(now);
}

void Attempt::interrupt(std::int64_t now) noexcept {
    const int number = reserved_signal(1);
    if (number == 0) return finish(Outcome::refused, Reason::signal_taken);
    execute::KernelSigaction action{};
    if (execute::sys_query_sigaction(number, &action) != 0 || action.handler == nullptr) {
        return finish(Outcome::refused, Reason::signal_taken);
    }
    if (execute::deafness(request_.tid, number) == execute::Deafness::blocked) {
        return finish(Outcome::refused, Reason::signal_blocked);
    }
    interrupts_before_ = record_->interrupts.load(std::memory_order_acquire);
    const SendPermit permit;
    if (!permit || execute::sys_tgkill(shim_pid(), request_.tid, number) != 0) {
        return finish(Outcome::no_such_thread);
    }
    ++reply_.attempts;
    task_.frame_count = 0;
    step_ = Step::poking;
    advance_poking(now);
}

void Attempt::advance_poking(std::int64_t now) noexcept {
    const bool handled = record_->interrupts.load(std::memory_order_acquire) != interrupts_before_;
    if (handled) return finish(Outcome::done);
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return finish(Outcome::pending, why_silent());
    come_again(now);
}

void Attempt::demote() noexcept {
    const Reason reason = keeper.demote(record_, request_);
    if (reason != Reason::none && has_ended()) return victim_ended();
    finish(reason == Reason::none ? Outcome::done : Outcome::refused, reason);
}

void Attempt::come_again(std::int64_t now) noexcept {
    next_look_ = now + pause_ns_;
    pause_ns_ = pause_ns_ * 2 < kLongestPause ? pause_ns_ * 2 : kLongestPause;
    if (next_look_ > deadline_ns_) next_look_ = deadline_ns_;
}

void Attempt::send_signal() noexcept {
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_signo = request_.signal;
    info.si_code = SI_QUEUE;
    info.si_pid = shim_pid();
    info.si_uid = static_cast<uid_t>(execute::sys_call(SYS_getuid));
    info.si_value.sival_ptr = reinterpret_cast<void*>(request_.value);
    const SendPermit permit;
    if (!permit) return finish(Outcome::no_such_thread);
    switch (execute::sys_rt_tgsigqueueinfo(shim_pid(), request_.tid, request_.signal, &info)) {
        case 0:
            return finish(Outcome::done);
        case -EAGAIN:
            return finish(Outcome::refused, Reason::queue_full);
        case -ESRCH:
            return finish(Outcome::no_such_thread);
        case -EINVAL:
            return finish(Outcome::refused, Reason::not_supported);
        default:
            return finish(Outcome::refused, Reason::seccomp);
    }
}

void Attempt::post(std::int64_t now) noexcept {
    if (!handler_in_place(now)) {
        return finish(Outcome::refused, Reason::signal_taken);
    }
    ++reply_.attempts;
    if (record_ == nullptr) {
        // It may have been too young before.
        record_ = find_record(request_.tid, 0);
        serial_ = record_ != nullptr ? record_->serial.load(std::memory_order_relaxed) : 0;
    }
    task_.fault = looks_first_ ? Fault::look : request_.fault;
    task_.anywhere = (request_.flags & wire::kFaultAnywhere) != 0;
    task_.serial = serial_;
    task_.duration_ns = request_.duration_ns;
    task_.place = wire::Place::unknown;
    task_.frame_count = 0;
    task_.cancel = wire::kCancelUnknown;
    task_.act.store(Act::none, std::memory_order_release);
    const SendPermit permit;
    if (!permit) return finish(Outcome::no_such_thread);
    const auto post = request_.fault == Fault::capture ? execute::post_brief : execute::post;
    switch (post(shim_pid(), request_.tid, act_on_self, &task_, &ticket_)) {
        case execute::Post::posted:
            step_ = Step::posted;
            posted_ns_ = now;
            next_deafness_look_ns_ = now + kSilence;
            next_look_ = next_deafness_look_ns_;
            return;
        case execute::Post::no_thread:
            return finish(Outcome::no_such_thread);
        case execute::Post::queue_full:
            return finish(Outcome::refused, Reason::queue_full);
        case execute::Post::no_slot:
            return rest(now);
        case execute::Post::no_signal:
            return finish(Outcome::refused, Reason::seccomp);
    }
}

void Attempt::linger() noexcept {
    if (step_ == Step::posted) {
        const std::int64_t until = execute::monotonic_ns() + kLinger;
        // Ends early for a victim that vanishes without a word: look at the act as well.
        while (task_.act.load(std::memory_order_acquire) == Act::none) {
            const std::int64_t now = execute::monotonic_ns();
            if (now >= until) break;
            execute::wait(ticket_, now + kLinger / 8 < until ? now + kLinger / 8 : until);
        }
        advance(execute::monotonic_ns());
    }
    const std::int64_t until = execute::monotonic_ns() + kLinger;
    while (!finished() && !wants_to_tell() && step_ != Step::resting &&
           execute::monotonic_ns() < until) {
        // Nothing comes soon from one that must reach a cancellation point first.
        if (step_ == Step::watching && task_.act.load() != Act::ending) break;
        const timespec moment{0, 10'000};
        execute::sys_call(SYS_nanosleep, &moment, nullptr);
        advance(execute::monotonic_ns());
    }
}

void Attempt::advance(std::int64_t now) noexcept {
    switch (step_) {
        case Step::resting:
            if (has_ended()) return victim_ended();
            if (now >= deadline_ns_) return out_of_time(now);
            if (now >= next_look_) post(now);
            return;
        case Step::posted:
            return advance_posted(now);
        case Step::telling:
            // Its client has gone meanwhile.
            if (now >= deadline_ns_) finish(Outcome::refused, Reason::timed_out);
            return;
        case Step::watching:
            return advance_watching(now);
        case Step::loosening:
            return advance_loosening(now);
        case Step::poking:
            return advance_poking(now);
        default:
            return;
    }
}

void Attempt::advance_posted(std::int64_t now) noexcept {
    const execute::Phase phase = execute::look(ticket_);
    const Act act = task_.act.load(std::memory_order_acquire);
    if (act == Act::ending) {
        step_ = Step::watching;
        pause_ns_ = kFirstPause;
        return advance_watching(now);
    }
    if (act == Act::held) {
        // It stays in the handler for as long as the fault lasts; the slot frees itself then.
        if (!execute::leave(ticket_)) execute::release(ticket_);
        return finish(Outcome::done);
    }
    if (phase == execute::Phase::done) {
        execute::release(ticket_);
        return victim_answered(now);
    }
    if (request_.fault == Fault::capture && now < deadline_ns_) {
        const std::int64_t heard = last_capture_ns > posted_ns_ ? last_capture_ns : posted_ns_;
        if (now < heard + kSilenceOfCrowd) {
            // Looks into /proc, for each of them, would take longer than their answers.
            next_look_ = now + kSilence;
            return;
        }
    }
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return out_of_time(now);
    if (phase == execute::Phase::posted && now >= next_deafness_look_ns_) {
        look_for_deafness(now);
    } else if (next_look_ <= now) {
        come_again(now);
    }
}

// The handler has returned: the victim lives.
void Attempt::victim_answered(std::int64_t now) noexcept {
    switch (task_.act.load(std::memory_order_acquire)) {
        case Act::looked:
            if (looks_first_) {
                step_ = Step::telling;
                next_look_ = deadline_ns_;
                return;
            }
            if (request_.fault == Fault::capture) last_capture_ns = now;
            if (request_.fault == Fault::slow && !keeper.slow(record_, request_)) {
                return finish(Outcome::refused, Reason::queue_full);
            }
            return finish(Outcome::done);
        case Act::misplaced:
            if (now >= deadline_ns_) return finish(Outcome::refused, Reason::no_safe_point);
            return rest(now);
        case Act::cancelled:
            if (record_ != nullptr && record_->serial.load() == serial_) {
                record_->faults.fetch_or(wire::kInForceCancel, std::memory_order_relaxed);
            }
            step_ = Step::watching;
            pause_ns_ = kFirstPause;
            return advance_watching(now);
        default:
            return finish(Outcome::no_such_thread);  // a stranger has the tid by now
    }
}

void Attempt::told(std::int64_t now) noexcept {
    looks_first_ = false;
    post(now);
}

void Attempt::advance_watching(std::int64_t now) noexcept {
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return out_of_time(now);
    come_again(now);
}

void Attempt::look_for_deafness(std::int64_t now) noexcept {
    switch (execute::deafness(request_.tid, execute::signal_in_use())) {
        case execute::Deafness::blocked:
            ++deaf_looks_;
            break;
        case execute::Deafness::newborn:
            ++newborn_looks_;
            break;
        default:
            deaf_looks_ = newborn_looks_ = 0;
            return look_for_sleep(now);
    }
    next_deafness_look_ns_ = next_look_ = now + kMillisecond;
    // One that is merely waiting for a CPU, in the middle of its birth or of another handler, is
    // given more time.
    const int looks = deaf_looks_ + newborn_looks_;
    const bool deaf = death_.was_running() ? looks >= kRunningLooks
                                           : deaf_looks_ >= kBlockedLooks || looks >= kNewbornLooks;
    if (deaf && execute::revoke(ticket_)) finish(Outcome::refused, Reason::signal_blocked);
}

// It would hear us, if it came back from the kernel.
void Attempt::look_for_sleep(std::int64_t now) noexcept {
    if (!death_.was_uninterruptible()) {
        uninterruptible_looks_ = 0;
        next_deafness_look_ns_ = now + 50 * kMillisecond;
        next_look_ = now + pause_ns_;
        return;
    }
    next_deafness_look_ns_ = next_look_ = now + kMillisecond;
    if (++uninterruptible_looks_ >= kUninterruptibleLooks && execute::revoke(ticket_)) {
        finish(Outcome::refused, Reason::uninterruptible);
    }
}

bool Attempt::has_ended() noexcept {
    return death_.has_ended();
}

void Attempt::victim_ended() noexcept {
    if (!execute::revoke(ticket_)) execute::abandon(ticket_);
    execute::release(ticket_);
    const Act act = task_.act.load(std::memory_order_acquire);
    const bool by_us = act == Act::ending || act == Act::cancelled;
    // Whoever ends without its destructors (vanish) leaves its record behind; bury() knows whether
    // this one did.
    if (record_ != nullptr) bury(record_, serial_);
    finish(by_us || is_death(request_.fault) ? Outcome::ended : Outcome::no_such_thread);
}

void Attempt::rest(std::int64_t now) noexcept {
    step_ = Step::resting;
    next_look_ = now + pause_ns_;
    pause_ns_ = pause_ns_ * 2 < kLongestPause ? pause_ns_ * 2 : kLongestPause;
}

void Attempt::out_of_time(std::int64_t now) noexcept {
    switch (step_) {
        case Step::resting:
            return finish(Outcome::refused, Reason::no_safe_point);
        case Step::posted:
            if (execute::revoke(ticket_)) return finish(Outcome::refused, why_silent());
            // It has begun at the last moment: its answer comes in microseconds.
            next_look_ = now + kFirstPause;
            return;
        default:
            // The handler looks at the task no more; the slot frees itself when the thread ends.
            execute::leave(ticket_);
            return finish(Outcome::pending, why_pending());
    }
}

void Attempt::give_up(std::int64_t now) noexcept {
    deadline_ns_ = now;
    advance(now);
}

Reason Attempt::why_silent() const noexcept {
    if (deaf_looks_ + newborn_looks_ > 0) return Reason::signal_blocked;
    switch (task_state(request_.tid)) {
        case 'D':
            return Reason::uninterruptible;
        case 'T':
        case 't':
            return Reason::target_stopped;
        default:
            return Reason::timed_out;
    }
}

Reason Attempt::why_pending() const noexcept {
    if (request_.fault == Fault::exit || request_.fault == Fault::vanish) {
        return Reason::still_unwinding;
    }
    std::uint32_t word = task_.cancel;
    if (record_ != nullptr && record_->serial.load() == serial_) {
        word = cancel_word(record_->thread.load());
    }
    if (word == wire::kCancelUnknown) return Reason::timed_out;
    if ((word & wire::kCancelExiting) != 0) return Reason::still_unwinding;
    if ((word & wire::kCancelDisabled) != 0) return Reason::cancel_disabled;
    return Reason::no_cancellation_point;
}

void Attempt::finish(Outcome outcome, Reason reason) noexcept {
    step_ = Step::finished;
    reply_.outcome = outcome;
    reply_.reason = reason;
    reply_.took_ns = execute::monotonic_ns() - arrived_ns_;
    if (reply_.attempts == 0) return;
    reply_.place = task_.place;
    reply_.cancel = task_.cancel;
    if (record_ != nullptr && outcome == Outcome::pending && record_->serial.load() == serial_) {
        reply_.cancel = cancel_word(record_->thread.load());
    }
    const std::uint32_t seen = task_.frame_count;
    reply_.frames = seen < wire::kMaxFrames ? seen : static_cast<std::uint32_t>(wire::kMaxFrames);
    std::memcpy(reply_.frame, task_.findings->frames, reply_.frames * sizeof reply_.frame[0]);
}

}  // namespace threadfault::shim
