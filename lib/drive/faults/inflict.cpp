#include "drive/faults/inflict.hpp"

#include "base/fault.hpp"
#include "base/signal_name.hpp"
#include "drive/faults/aftermath.hpp"
#include "drive/faults/by_kernel.hpp"
#include "drive/faults/death.hpp"
#include "drive/faults/reason.hpp"
#include "drive/faults/safe_points.hpp"
#include "drive/faults/signal_watch.hpp"
#include "drive/faults/undo_right.hpp"
#include "drive/locks/fate.hpp"
#include "format/format.hpp"

#include <sys/wait.h>

#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;
using client::Clock;

// The agent answers within the request's own wait; this much later, on a loaded machine, it does
// not answer at all.
constexpr auto kGrace = 5s;
// Before the grace is over: is the process stopped?
constexpr auto kDoubt = 150ms;
// From the agent seeing the thread gone to our seeing it, and for a process that is dying.
constexpr auto kConfirmWithin = 1s;
// Requests under way at once: an agent's slots are limited.
constexpr std::size_t kWindow = 64;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Does a thread that a fault has reached never end in this way? Clean-up code may call
// pthread_exit itself.
bool is_own_end(wire::EndKind how, wire::Fault fault) {
    if (how == wire::EndKind::returned) return true;
    return fault == wire::Fault::vanish && how == wire::EndKind::exited;
}

class Infliction {
public:
    Infliction(const observe::Process& process, client::Connection* connection,
               const std::vector<Victim>& victims, const Plan& plan)
        : process_(process),
          connection_(connection),
          victims_(victims),
          plan_(plan),
          death_(process.pid()),
          begin_(Clock::now()) {
        for (const Victim& victim : victims)
            results_.push_back({victim, Outcome::pending, {}, 0});
    }

    std::vector<Result> run() {
        // Everything else of the group stops with one thread: one look is enough.
        const bool stopped = connection_ != nullptr && is_stopped(results_.front().victim);
        if (stopped && !wait_until_continued()) {
            for (Result& result : results_) {
                set(&result, Outcome::refused,
                    "target-stopped: the process is stopped (SIGSTOP, or a debugger); nothing was "
                    "sent");
                result.why = wire::Reason::target_stopped;
            }
            return std::move(results_);
        }
        std::optional<Aftermath> aftermath;
        if (ends_thread()) aftermath.emplace(process_, connection_, death_, victims_);
        try {
            if (connection_ != nullptr) {
                exchange();
            } else {
                act_ourselves();
            }
            if (ends_thread()) note_own_ends();
            if (plan_.fault() == wire::Fault::signal) watch_signals();
        } catch (const Error& error) {
            if (error.code() != ErrorCode::target_died) throw;
            process_ended();
            tell_own_ends();
            return std::move(results_);
        }
        if (aftermath) aftermath->wait();
        // A look at the pidfd costs a fiftieth of one into /proc.
        if (death_.has_ended() || (!death_.watches() && !process_.alive())) process_ended();
        tell_own_ends();
        return std::move(results_);
    }

private:
    static bool is_stopped(const Victim& victim) {
        return victim.state == 'T' || victim.state == 't';
    }

    bool wait_until_continued() {
        const Clock::time_point deadline = begin_ + plan_.wait();
        while (Clock::now() < deadline) {
            if (!connection_->is_stopped()) return true;
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }

    // Of what is_done_by_kernel().
    void act_ourselves() {
        for (Result& result : results_) {
            const Victim& victim = result.victim;
            const wire::FaultRequest request = plan_.request_for(victim.tid, 0, false);
            if (thread_ended(victim)) {
                gone_before(&result);
                continue;
            }
            Priority before;
            const wire::Reason reason =
                plan_.fault() == wire::Fault::signal
                    ? queue_signal(process_.pid(), victim.tid, request.signal, request.value)
                    : set_priority(victim.tid, request, &before);
            if (reason == wire::Reason::not_permitted) {
                throw Error(
                    ErrorCode::not_permitted,
                    formatted("the kernel does not permit to {} thread {} of process {}",
                              plan_.fault() == wire::Fault::signal ? "send a signal to"
                                                                   : "change the priority of",
                              victim.tid, process_.pid()));
            }
            if (reason != wire::Reason::none && thread_ended(victim)) {
                gone_before(&result);
                continue;
            }
            wire::FaultReply reply;
            reply.reason = reason;
            result.why = reason;
            set(&result, reason == wire::Reason::none ? Outcome::done : Outcome::refused,
                reason_text(reply, plan_.fault(), {}));
            if (result.outcome == Outcome::done && waits_to_go_on(victim.tid)) {
                set(&result, Outcome::pending,
                    "target-stopped: the process is stopped (SIGSTOP, or a debugger); the signal "
                    "stays queued until it continues");
                result.why = wire::Reason::target_stopped;
            }
        }
    }

    bool waits_to_go_on(pid_t tid) const {
        if (plan_.fault() != wire::Fault::signal || stops_by_default(plan_.signal())) return false;
        const auto stat = process_.stat(tid);
        if (!stat || (stat->state != 'T' && stat->state != 't')) return false;
        const auto status = process_.status(tid);
        return status && (status->pending >> (plan_.signal() - 1) & 1) != 0;
    }

    void exchange() {
        const bool tell = results_.size() <= kMostToTell;
        const auto keep = [this](std::uint32_t request, std::vector<std::uint64_t> frames) {
            const auto found = outstanding_.find(request);
            if (found != outstanding_.end()) results_[found->second].frames = std::move(frames);
        };
        std::size_t sent = 0;
        Clock::time_point last_answer = Clock::now();
        while (sent < results_.size() || !outstanding_.empty()) {
            while (sent < results_.size() && outstanding_.size() < kWindow) {
                const Victim& victim = results_[sent].victim;
                const std::uint32_t number =
                    connection_->send(plan_.request_for(victim.inner_tid, victim.serial, tell));
                outstanding_[number] = sent++;
            }
            const Clock::time_point expected = last_answer + plan_.wait() + kDoubt;
            const bool doubtful = Clock::now() >= expected;
            const auto reply =
                connection_->receive_fault(doubtful ? Clock::now() + kDoubt : expected, keep);
            if (reply) {
                last_answer = Clock::now();
                take(*reply);
            } else if (connection_->is_stopped()) {
                finish_all(
                    wire::Reason::target_stopped,
                    "target-stopped: the process is stopped (SIGSTOP, or a debugger); the request "
                    "takes effect when it continues");
                return;
            } else if (Clock::now() >= last_answer + plan_.wait() + kGrace) {
                finish_all(wire::Reason::timed_out, "timed-out: the agent does not answer");
                return;
            }
        }
    }

    void take(const wire::FaultReply& reply) {
        const auto found = outstanding_.find(reply.header.request);
        if (found == outstanding_.end()) return;
        Result& result = results_[found->second];
        outstanding_.erase(found);
        result.why = reply.reason;
        switch (reply.outcome) {
            case wire::FaultOutcome::ended:
                if (took_effect_at_once(reply)) vanished_.insert(result.victim.tid);
                confirm_end(&result);
                return;
            case wire::FaultOutcome::done:
                set(&result, Outcome::done, reason_text(reply, plan_.fault(), {}));
                return;
            case wire::FaultOutcome::no_such_thread:
                gone_before(&result);
                return;
            case wire::FaultOutcome::pending:
            case wire::FaultOutcome::refused:
                break;
        }
        if (reply.reason == wire::Reason::agent_thread) {
            throw Error(ErrorCode::no_such_thread,
                        formatted("thread {} is threadfault's own helper in process {}",
                                  result.victim.tid, process_.pid()));
        }
        // It may have ended since the agent looked.
        if (reply.outcome == wire::FaultOutcome::pending && ends_thread() &&
            thread_ended(result.victim)) {
            set(&result, Outcome::ended, {});
            return;
        }
        // Refused for what the thread is, not for what the agent can do.
        const bool made_by_libc = result.victim.serial == 0 && !result.victim.main;
        if (reply.reason == wire::Reason::not_supported && made_by_libc) {
            set(&result, Outcome::refused,
                "not-supported: libc made this thread itself (for a timer, aio or the resolver), "
                "so the agent has no record of it");
            return;
        }
        set(&result,
            reply.outcome == wire::FaultOutcome::pending ? Outcome::pending : Outcome::refused,
            reason_text(reply, plan_.fault(), where_is(process_, result.victim.tid, reply)));
    }

    void watch_signals() {
        for (Result& result : results_) {
            // The agent stopped with the others before it could say so.
            const bool stopped = stops_by_default(plan_.signal()) &&
                                 result.outcome == Outcome::pending &&
                                 result.why == wire::Reason::target_stopped;
            if (stopped) set(&result, Outcome::done, {});
            if (result.outcome != Outcome::done || stopped) continue;
            switch (watch_signal(process_, connection_, result.victim.tid, plan_.signal())) {
                case SignalFate::taken:
                    break;
                case SignalFate::process_ended:
                    process_ended();
                    return;
                case SignalFate::stays_queued:
                    set(&result, Outcome::pending,
                        formatted("signal-blocked: the thread blocks {}; it stays queued",
                                  base::signal_name(plan_.signal())));
            }
        }
    }

    bool ends_thread() const { return base::info(plan_.fault()).death; }

    bool thread_ended(const Victim& victim) const {
        return process_.thread_ended(victim.tid, victim.start_ticks);
    }

    void confirm_end(Result* result) {
        const Clock::time_point deadline = Clock::now() + kConfirmWithin;
        while (!thread_ended(result->victim)) {
            if (Clock::now() >= deadline) {
                set(result, Outcome::pending,
                    "still-unwinding: the agent saw the thread end, /proc still lists it");
                return;
            }
            std::this_thread::sleep_for(200us);
        }
        set(result, Outcome::ended, {});
    }

    // The thread's own handler has ended it, and was not sent away first.
    bool took_effect_at_once(const wire::FaultReply& reply) const {
        return plan_.fault() == wire::Fault::vanish && reply.attempts == 1 && reply.frames > 0 &&
               reply.place == wire::Place::user;
    }

    // A cancellation takes effect when the thread lets it, and it may return before.
    void note_own_ends() {
        for (const Result& result : results_) {
            if (result.outcome != Outcome::ended || result.victim.serial == 0) continue;
            if (vanished_.contains(result.victim.tid)) continue;
            const auto dead = connection_->dead(result.victim.inner_tid);
            if (!dead || dead->record.serial != result.victim.serial) continue;
            if (is_own_end(dead->how, plan_.fault())) own_ends_[result.victim.tid] = dead->how;
        }
    }

    void tell_own_ends() {
        for (Result& result : results_) {
            const auto own = own_ends_.find(result.victim.tid);
            if (own != own_ends_.end() && result.outcome == Outcome::ended) {
                gone_before(&result, own->second);
            }
        }
    }

    void gone_before(Result* result, wire::EndKind how = wire::EndKind::unknown) {
        const std::string end =
            how == wire::EndKind::unknown
                ? "ended on its own before the fault reached it"
                : formatted("ended on its own (it {}) before the fault took effect", end_verb(how));
        if (results_.size() == 1) {
            throw Error(
                ErrorCode::no_such_thread,
                formatted("thread {} of process {} {}", result->victim.tid, process_.pid(), end),
                ErrorFacts{.pid = process_.pid()});
        }
        set(result, Outcome::ended, "ended-before: the thread " + end);
    }

    void finish_all(wire::Reason why, const char* reason) {
        for (const auto& [number, place] : outstanding_) {
            set(&results_[place], Outcome::pending, reason);
            results_[place].why = why;
        }
        outstanding_.clear();
    }

    // Its sockets are closed a little before the kernel tells of its end, and how it ended.
    void process_ended() {
        (void)death_.ends_within(kConfirmWithin);
        const std::optional<int> status = death_.wait_status();
        outstanding_.clear();
        for (Result& result : results_) {
            if (ends_thread() && ended_in_order(result, status)) continue;
            set(&result, Outcome::target_died, "process-ended: " + DeathWatch::text_of(status));
            result.why = wire::Reason::none;
            if (status && WIFSIGNALED(*status)) result.killed_by = WTERMSIG(*status);
        }
    }

    // A program that ends by itself when its thread has is none that the fault has broken.
    bool ended_in_order(Result& result, std::optional<int> status) {
        if (status && (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0)) return false;
        // Refused is refused, whatever the program did then.
        if (status && result.outcome == Outcome::refused) return true;
        // Without a status, the agent's own word and our look are what is known.
        if (!status && result.outcome != Outcome::ended) return false;
        result.why = wire::Reason::none;
        set(&result, Outcome::ended,
            status ? "process-ended: the process then ended with code 0"
                   : "process-ended: the process then ended; its exit code can't be known (the "
                     "kernel tells it to others than the parent from Linux 6.15 on)");
        return true;
    }

    void set(Result* result, Outcome outcome, std::string reason) {
        result->outcome = outcome;
        result->reason = std::move(reason);
        result->seconds = seconds_since(begin_);
    }

    const observe::Process& process_;
    client::Connection* connection_;
    const std::vector<Victim>& victims_;
    const Plan& plan_;
    const DeathWatch death_;
    const Clock::time_point begin_;
    std::vector<Result> results_;
    std::unordered_map<std::uint32_t, std::size_t> outstanding_;
    std::unordered_map<pid_t, wire::EndKind> own_ends_;
    std::unordered_set<pid_t> vanished_;
};

}  // namespace

std::vector<Result> inflict(const observe::Process& process, client::Connection* connection,
                            const std::vector<Victim>& victims, const Plan& plan) {
    if (victims.empty()) return {};
    require_undoable(process, connection, victims, plan);
    const Clock::time_point begin = Clock::now();
    const auto unsafe = at_no_safe_point(process, victims, plan);
    if (unsafe.empty()) return Infliction(process, connection, victims, plan).run();

    std::vector<Victim> safe;
    for (const Victim& victim : victims) {
        if (!unsafe.contains(victim.tid)) safe.push_back(victim);
    }
    std::vector<Result> done;
    if (!safe.empty()) done = Infliction(process, connection, safe, plan).run();
    std::vector<Result> results;
    auto next = done.begin();
    for (const Victim& victim : victims) {
        const auto refused = unsafe.find(victim.tid);
        if (refused == unsafe.end()) {
            results.push_back(std::move(*next++));
            continue;
        }
        Result& result = results.emplace_back();
        result.victim = victim;
        result.outcome = Outcome::refused;
        result.reason = refused->second;
        result.why = wire::Reason::no_safe_point;
        result.seconds = seconds_since(begin);
    }
    return results;
}

}  // namespace threadfault::drive
