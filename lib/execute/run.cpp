#include "execute/run.hpp"

#include "execute/silence.hpp"
#include "execute/syscalls.hpp"
#include "execute/thread_state.hpp"

namespace threadfault::execute {

namespace {

// Healthy threads answer long before; looking into /proc costs as much as a whole round trip. Not
// before the next tick of the kernel (250 Hz), because a timer that is due earlier has the clock
// hardware programmed anew: 1 us of a round trip's 6.
constexpr std::int64_t kFirstLookNs = 4'000'000;
constexpr std::int64_t kAgainNs = 500'000;
constexpr std::int64_t kLongestPauseNs = 32'000'000;

// Looks after one outstanding request: every look is later than the one before.
class Attendant {
public:
    Attendant(pid_t pid, pid_t tid, Ticket ticket, std::int64_t since_ns) noexcept
        : tid_(tid), ticket_(ticket), death_(pid, tid, since_ns) {}

    // True: `*outcome` says how the request ended, and its slot is free. Called when no answer came
    // for next_pause().
    bool look_about(Phase phase, RunOutcome* outcome) noexcept {
        pause_ns_ = pause_ns_ * 2 < kLongestPauseNs ? pause_ns_ * 2 : kLongestPauseNs;
        if (death_.has_ended()) return bury(outcome);
        if (phase != Phase::posted) return false;
        if (!handler_in_place() && revoke(ticket_)) {
            *outcome = RunOutcome::no_signal;
            return true;
        }
        return is_deaf() && give_up(RunOutcome::signal_blocked, outcome);
    }

    // The deadline has come: revokes a request that has not begun.
    bool give_up(RunOutcome reason, RunOutcome* outcome) noexcept {
        if (!revoke(ticket_)) return false;
        *outcome = reason;
        return true;
    }

    bool was_deaf() const noexcept { return silence_.is_blocked(); }
    std::int64_t next_pause() const noexcept { return pause_ns_; }

private:
    // The thread has ended: what it left behind can't change any more.
    bool bury(RunOutcome* outcome) noexcept {
        switch (look(ticket_)) {
            case Phase::posted:
                return give_up(RunOutcome::thread_ended, outcome);
            case Phase::running:
                abandon(ticket_);
                *outcome = RunOutcome::ended_inside;
                return true;
            default:
                return false;  // done: the caller sees it
        }
    }

    bool is_deaf() noexcept {
        const Silence::Verdict verdict =
            silence_.judge(deafness(tid_, signal_in_use()), death_.state(), cpu_time_ns(tid_));
        if (silence_.is_blocked()) pause_ns_ = kAgainNs;
        // In an uninterruptible sleep it is waited for until the deadline.
        return verdict == Silence::Verdict::deaf;
    }

    pid_t tid_;
    Ticket ticket_;
    ExitWatch death_;
    std::int64_t pause_ns_ = kAgainNs / 2;
    Silence silence_;
};

RunOutcome attend(pid_t pid, pid_t tid, Ticket ticket, std::int64_t since_ns,
                  std::int64_t deadline_ns) {
    Attendant attendant(pid, tid, ticket, since_ns);
    RunOutcome outcome = RunOutcome::not_started;
    Phase phase = look(ticket);
    for (;;) {
        if (phase == Phase::done) {
            release(ticket);
            return RunOutcome::done;
        }
        // Only a fork makes it stale, and then we are in the child, where that thread is not.
        if (phase == Phase::stale) return RunOutcome::thread_ended;
        const std::int64_t now = monotonic_ns();
        if (now >= deadline_ns) {
            if (phase == Phase::running) return RunOutcome::not_finished;
            const RunOutcome reason =
                attendant.was_deaf() ? RunOutcome::signal_blocked : RunOutcome::not_started;
            if (attendant.give_up(reason, &outcome)) return outcome;
        } else if (attendant.look_about(phase, &outcome)) {
            return outcome;
        }
        const std::int64_t next = now + attendant.next_pause();
        phase = wait(ticket, next < deadline_ns ? next : deadline_ns);
    }
}

}  // namespace

RunOutcome run(pid_t pid, pid_t tid, PlainFunction function, void* argument,
               std::int64_t deadline_ns, Ticket* ticket) {
    if (!handler_in_place()) return RunOutcome::no_signal;
    const std::int64_t since_ns = monotonic_ns();
    switch (post_plain(pid, tid, function, argument, ticket)) {
        case Post::posted:
            break;
        case Post::no_thread:
            return RunOutcome::no_thread;
        case Post::queue_full:
            return RunOutcome::queue_full;
        case Post::no_slot:
            return RunOutcome::no_slot;
        case Post::no_signal:
            return RunOutcome::no_signal;
    }
    const std::int64_t first_look_ns = since_ns + kFirstLookNs;
    if (wait(*ticket, first_look_ns < deadline_ns ? first_look_ns : deadline_ns) == Phase::done) {
        release(*ticket);
        return RunOutcome::done;
    }
    return attend(pid, tid, *ticket, since_ns, deadline_ns);
}

}  // namespace threadfault::execute
