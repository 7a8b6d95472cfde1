#include "preload/agent/attempt.hpp"

#include "arch/call.hpp"
#include "base/fault.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"
#include "preload/faults/stack_needs.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

using wire::Fault;
using wire::FaultOutcome;
using wire::Reason;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kShortestWait = 5 * kMillisecond;  // to be told of a deaf thread at least
constexpr std::int64_t kLongestPause = 5 * kMillisecond;
constexpr std::int64_t kSilence = 200'000;  // healthy threads have answered by then
// Of a crowd that is asked at once the last have their turn later: as long as others answer there
// does not count as silence.
constexpr std::int64_t kSilenceOfCrowd = 2 * kMillisecond;
constexpr std::int64_t kLinger = 150'000;
constexpr std::int64_t kAwake = 60'000;

// What comes within microseconds is waited for awake: a processor that has gone to sleep takes 50
// us to wake, and a timer as long to come. Given up meanwhile, it would be for a whole slice of
// time where others want it.
template <typename Condition>
void wait_awake(std::int64_t until, Condition has_come) noexcept {
    while (!has_come() && execute::monotonic_ns() < until)
        arch::pause();
}

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

// The victim has judged what is left below the kernel's frame and our handler's.
wire::StackRoom room_with_frame(wire::StackRoom room) noexcept {
    room.frame = signal_frame_size();
    if (room.left != wire::kRoomUnknown) room.left += room.frame + kToHandle;
    room.wanted += room.frame + kToHandle;
    return room;
}

}  // namespace

constinit std::int64_t Attempt::crowd_heard_ns_ = 0;

void Attempt::begin(const wire::FaultRequest& request, Findings* findings,
                    std::int64_t now) noexcept {
    request_ = request;
    task_.findings = findings;
    arrived_ns_ = now;
    deadline_ns_ = now + (request.wait_ns > kShortestWait ? request.wait_ns : kShortestWait);
    if (deadline_ns_ < now) deadline_ns_ = execute::kNever;
    pause_ns_ = kFirstPause;
    // A signal would be seen by a thread that sleeps in a system call, as EINTR, before the fault
    // comes; its stack the client has read. Cancelling sends no signal of ours at all.
    std::uint64_t stack_pointer = 0;
    looks_first_ = (request.flags & wire::kFaultTellFrames) != 0 &&
                   base::info(request.fault).unwinds && request.fault != Fault::cancel &&
                   !waiting_stack_pointer(request.tid, &stack_pointer);
    ticket_ = {};
    silence_ = {};
    cramped_ = false;
    new (&reply_) wire::FaultReply;
    reply_.tid = request.tid;
    reply_.serial = request.serial;
    record_ = find_record(request.tid, request.serial);
    serial_ = record_ != nullptr ? record_->serial.load(std::memory_order_relaxed) : 0;
    victim_ = {};
    death_ = execute::ExitWatch(shim_pid(), request.tid, now);
    if (record_ != nullptr) {
        if (!copy_record(*record_, &victim_)) victim_ = {};
        load_name(*record_, reply_.name);
        reply_.serial = serial_;
    }
    if (request.tid <= 0 || (record_ == nullptr && request.serial != 0)) {
        finish(FaultOutcome::no_such_thread);
    } else if (request.tid == agent_tid()) {
        finish(FaultOutcome::refused, Reason::agent_thread);
    } else if (request.fault != Fault::capture && has_ended()) {
        // Of a thousand captures the look into /proc would be the largest part; the signal can't
        // be sent to most that have ended, and the others are noticed when they stay silent.
        finish(FaultOutcome::no_such_thread);
    } else {
        start(now);
    }
}

void Attempt::start(std::int64_t now) noexcept {
    const Fault fault = request_.fault;
    if ((request_.flags & wire::kFaultJudge) != 0) return judge();
    if (fault == Fault::signal) return send_signal();
    const base::FaultInfo& kind = base::info(fault);
    if (kind.death || fault == Fault::look || fault == Fault::capture) return try_again(now);
    // The others keep their state in the thread's record, or are undone where it is kept.
    const bool needs_record = fault != Fault::demote && fault != Fault::thaw;
    if (record_ == nullptr && needs_record)
        return finish(FaultOutcome::refused, Reason::not_supported);
    if (kind.holds) return post(now);
    switch (fault) {
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
    finish(FaultOutcome::refused, Reason::not_supported);
}

void Attempt::come_again(std::int64_t now) noexcept {
    next_look_ = now + pause_ns_;
    pause_ns_ = pause_ns_ * 2 < kLongestPause ? pause_ns_ * 2 : kLongestPause;
    if (next_look_ > deadline_ns_) next_look_ = deadline_ns_;
}

void Attempt::post(std::int64_t now) noexcept {
    if (!handler_in_place(now)) {
        return finish(FaultOutcome::refused, Reason::signal_taken);
    }
    // Our handler makes system calls that the thread's own filter may punish.
    if (is_sandboxed(request_.tid)) return finish(FaultOutcome::refused, Reason::seccomp);
    if (record_ == nullptr) {
        // It may have been too young before.
        record_ = find_record(request_.tid, 0);
        serial_ = record_ != nullptr ? record_->serial.load(std::memory_order_relaxed) : 0;
    }
    const StackVerdict verdict = stack_room_for(
        request_.fault, (request_.flags & wire::kFaultAnywhere) != 0, request_.tid, record_);
    if (!verdict.enough) {
        // What cancels is glibc's, and judged by itself: it goes without the look.
        if (request_.fault == Fault::cancel && record_ != nullptr) return told(now);
        return rest_until_roomy(verdict.room, now);
    }
    cramped_ = false;
    ++reply_.attempts;
    task_.fault = looks_first_ ? Fault::look : request_.fault;
    task_.anywhere = (request_.flags & wire::kFaultAnywhere) != 0;
    task_.serial = serial_;
    const std::uint32_t above = signal_frame_size() + kRedZone + kToHandle;
    const bool counted = verdict.room.left != wire::kRoomUnknown && verdict.room.left > above;
    task_.reckoned = counted ? verdict.room.left - above : 0;
    task_.duration_ns = request_.duration_ns;
    task_.place = wire::Place::unknown;
    task_.frame_count = 0;
    task_.cancel = wire::kCancelUnknown;
    task_.act.store(Act::none, std::memory_order_release);
    const SendPermit permit;
    if (!permit) return finish(FaultOutcome::no_such_thread);
    // The next request waits until this one's frame has left the stack.
    const bool brief = request_.fault == Fault::capture || task_.fault == Fault::look;
    const auto post = brief ? execute::post_brief : execute::post;
    switch (post(shim_pid(), request_.tid, act_on_self, &task_, &ticket_)) {
        case execute::Post::posted:
            step_ = Step::posted;
            posted_ns_ = now;
            next_judgement_ns_ = now + kSilence;
            next_look_ = next_judgement_ns_;
            return;
        case execute::Post::no_thread:
            return finish(FaultOutcome::no_such_thread);
        case execute::Post::queue_full:
            return finish(FaultOutcome::refused, Reason::queue_full);
        case execute::Post::no_slot:
            return rest(now);
        case execute::Post::no_signal:
            return finish(FaultOutcome::refused, Reason::seccomp);
    }
}

void Attempt::linger() noexcept {
    if (step_ == Step::posted) {
        const std::int64_t begin = execute::monotonic_ns();
        const std::int64_t until = begin + kLinger;
        // Ends early for a victim that vanishes without a word: look at the act as well.
        const auto acted = [this] {
            return task_.act.load(std::memory_order_acquire) != Act::none;
        };
        wait_awake(begin + kAwake, acted);
        while (!acted()) {
            const std::int64_t now = execute::monotonic_ns();
            if (now >= until) break;
            execute::wait(ticket_, now + kLinger / 8 < until ? now + kLinger / 8 : until);
        }
        advance(execute::monotonic_ns());
    }
    const std::int64_t begin = execute::monotonic_ns();
    // One that sleeps where it can be cancelled ends as soon as one that vanishes.
    if (step_ == Step::watching) wait_awake(begin + kAwake, [this] { return has_ended(); });
    while (!finished() && !wants_to_tell() && step_ != Step::resting) {
        const std::int64_t now = execute::monotonic_ns();
        advance(now);
        // Nothing comes soon from one that must reach a cancellation point first.
        if (step_ == Step::watching && task_.act.load() != Act::ending) break;
        if (finished() || now >= begin + kLinger) break;
        const timespec moment{0, 10'000};
        execute::sys_call(SYS_nanosleep, &moment, nullptr);
    }
}

void Attempt::advance(std::int64_t now) noexcept {
    switch (step_) {
        case Step::resting:
            if (has_ended()) return victim_ended();
            if (now >= deadline_ns_) return out_of_time(now);
            if (now >= next_look_) try_again(now);
            return;
        case Step::posted:
            return advance_posted(now);
        case Step::telling:
            // Its client has disconnected meanwhile.
            if (now >= deadline_ns_) finish(FaultOutcome::refused, Reason::timed_out);
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
        return finish(FaultOutcome::done);
    }
    if (phase == execute::Phase::done) {
        execute::release(ticket_);
        return victim_answered(now);
    }
    if (request_.fault == Fault::capture && now < deadline_ns_) {
        const std::int64_t heard = crowd_heard_ns_ > posted_ns_ ? crowd_heard_ns_ : posted_ns_;
        if (now < heard + kSilenceOfCrowd) {
            // Looks into /proc, for each of them, would take longer than their answers.
            next_look_ = now + kSilence;
            return;
        }
    }
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return out_of_time(now);
    if (phase == execute::Phase::posted && now >= next_judgement_ns_) {
        judge_silence(now);
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
            if (request_.fault == Fault::capture) crowd_heard_ns_ = now;
            if (request_.fault == Fault::slow && !keeper.slow(record_, request_)) {
                return finish(FaultOutcome::refused, Reason::queue_full);
            }
            return finish(FaultOutcome::done);
        case Act::cramped:
            return rest_until_roomy(room_with_frame(task_.room), now);
        case Act::misplaced:
            if (now >= deadline_ns_) return finish(FaultOutcome::refused, Reason::no_safe_point);
            return rest(now);
        case Act::named:
            // One that libc made, and has no record: it was there a moment ago.
            if (has_ended()) return victim_ended();
            ::pthread_cancel(task_.thread);
            return watch_cancelled(now);
        case Act::cancelled:
            return watch_cancelled(now);
        default:
            return finish(FaultOutcome::no_such_thread);  // a stranger has the tid by now
    }
}

void Attempt::told(std::int64_t now) noexcept {
    looks_first_ = false;
    try_again(now);
}

void Attempt::try_again(std::int64_t now) noexcept {
    if (request_.fault == Fault::cancel && record_ != nullptr) return cancel(now);
    if (request_.fault == Fault::interrupt) return interrupt(now);
    post(now);
}

void Attempt::advance_watching(std::int64_t now) noexcept {
    if (has_ended()) return victim_ended();
    if (now >= deadline_ns_) return out_of_time(now);
    come_again(now);
}

bool Attempt::has_ended() noexcept {
    return death_.has_ended();
}

void Attempt::victim_ended() noexcept {
    if (!execute::revoke(ticket_)) execute::abandon(ticket_);
    execute::release(ticket_);
    const Act act = task_.act.load(std::memory_order_acquire);
    const bool by_us = act == Act::ending || act == Act::cancelled || act == Act::named;
    // Whoever ends without its destructors (vanish) leaves its record behind; bury() knows whether
    // this one did.
    if (record_ != nullptr) bury(record_, serial_);
    finish(by_us || base::info(request_.fault).death ? FaultOutcome::ended
                                                     : FaultOutcome::no_such_thread);
}

void Attempt::rest(std::int64_t now) noexcept {
    step_ = Step::resting;
    next_look_ = now + pause_ns_;
    pause_ns_ = pause_ns_ * 2 < kLongestPause ? pause_ns_ * 2 : kLongestPause;
}

// It may come back from where it is so deep. Captures are many, and answered together: no waiting.
void Attempt::rest_until_roomy(const wire::StackRoom& room, std::int64_t now) noexcept {
    // While it runs the figures are not known: those of an earlier try say more.
    const bool knew = cramped_ && reply_.room.left != wire::kRoomUnknown;
    if (!knew || room.left != wire::kRoomUnknown) reply_.room = room;
    cramped_ = true;
    if (now >= deadline_ns_ || request_.fault == Fault::capture) {
        return finish(FaultOutcome::refused, Reason::no_stack_room);
    }
    rest(now);
}

void Attempt::out_of_time(std::int64_t now) noexcept {
    switch (step_) {
        case Step::resting:
            if (cramped_) return finish(FaultOutcome::refused, Reason::no_stack_room);
            return finish(FaultOutcome::refused,
                          request_.fault == Fault::cancel ? why_silent() : Reason::no_safe_point);
        case Step::posted:
            if (execute::revoke(ticket_)) return finish(FaultOutcome::refused, why_silent());
            // It started just before the deadline: its answer comes within microseconds.
            next_look_ = now + kFirstPause;
            return;
        default:
            // The handler no longer reads the task; the slot is freed when the thread ends.
            execute::leave(ticket_);
            return finish(FaultOutcome::pending, why_pending());
    }
}

void Attempt::give_up(std::int64_t now) noexcept {
    deadline_ns_ = now;
    advance(now);
}

void Attempt::finish(FaultOutcome outcome, Reason reason) noexcept {
    step_ = Step::finished;
    reply_.outcome = outcome;
    reply_.reason = reason;
    reply_.took_ns = execute::monotonic_ns() - arrived_ns_;
    if (reply_.attempts == 0) return;
    reply_.place = task_.place;
    reply_.cancel = task_.cancel;
    if (record_ != nullptr && outcome == FaultOutcome::pending &&
        record_->serial.load() == serial_) {
        reply_.cancel = cancel_word(record_->thread.load());
    }
    const std::uint32_t seen = task_.frame_count;
    reply_.frames = seen < wire::kMaxFrames ? seen : static_cast<std::uint32_t>(wire::kMaxFrames);
    std::memcpy(reply_.frame, task_.findings->frames, reply_.frames * sizeof reply_.frame[0]);
}

}  // namespace threadfault::shim
