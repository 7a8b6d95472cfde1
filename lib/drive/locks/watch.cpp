#include "drive/locks/watch.hpp"

#include "base/libc_signals.hpp"
#include "drive/locks/awaited.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/locks/movement.hpp"
#include "drive/locks/runtime_handlers.hpp"
#include "drive/locks/spinning.hpp"
#include "drive/locks/wakes_from.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <signal.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

GroundThread who(const ThreadView& thread) {
    return {thread.tid, thread.name, {}};
}

std::vector<GroundProcess> named(const std::set<pid_t>& processes) {
    std::vector<GroundProcess> all;
    for (const pid_t pid : processes) {
        all.push_back({pid, {}});
        try {
            all.back().command = observe::Process(pid).command();
        } catch (const Error&) {  // it has just ended
        }
    }
    return all;
}

class Watch {
public:
    Watch(const observe::Process& process, client::Connection* connection)
        : process_(process), connection_(connection), meters_(process, agent_of(connection)) {}

    WatchReport report(double seconds) {
        WatchReport report;
        report.seconds = seconds;
        movement_ = meters_.until_now(seconds);
        ThreadList list;
        report.locks = find_locks(process_, connection_, &list);
        if (report.locks.has_orphans()) name_members(process_, report.locks.locks);
        sort_out(at_rest(std::move(list)), report.locks);
        if (only_burns_cpu()) look_for_spinners();
        report.verdict = judge(report);
        report.evidence = sentences(report.grounds);
        return report;
    }

private:
    static pid_t agent_of(client::Connection* connection) {
        return connection != nullptr ? connection->outer_tid(connection->hello().agent_tid) : 0;
    }

    // A thread that wakes periodically may be running right now: look again until it sleeps.
    ThreadList at_rest(ThreadList list) const {
        std::optional<observe::Memory> memory;
        std::optional<observe::CallFacts> calls;
        for (int look = 0; look < 5; ++look) {
            const bool rests =
                std::all_of(list.threads.begin(), list.threads.end(), [&](const ThreadView& one) {
                    return !movement_.ticked.contains(one.tid) || one.syscall.has_value();
                });
            if (rests) break;
            std::this_thread::sleep_for(3ms);
            if (!calls) calls.emplace(process_, memory.emplace(process_.pid()));
            list = list_threads(process_, connection_, {.waits = true, .calls = &*calls});
        }
        return list;
    }

    void sort_out(const ThreadList& list, const LockGraph& graph) {
        const Awaited awaited(graph);
        const std::size_t threads = graph.names.size();
        std::set<pid_t> in_cycle;
        for (const auto& cycle : graph.cycles)
            in_cycle.insert(cycle.begin(), cycle.end());
        std::set<pid_t> behind_dead;
        for (const Lock& lock : graph.locks)
            behind_dead.insert(lock.stuck_behind.begin(), lock.stuck_behind.end());
        for (const ThreadView& thread : list.threads) {
            const bool held = (thread.faults & (wire::kInForceFreeze | wire::kInForceDelay)) != 0;
            if (held) frozen_.insert(thread.tid);
        }
        for (const ThreadView& thread : list.threads) {
            if (frozen_.contains(thread.tid)) {
                held_.push_back(who(thread));
            } else if (in_cycle.contains(thread.tid)) {
                deadlocked_.push_back(who(thread));
            } else if (behind_dead.contains(thread.tid)) {
                behind_the_dead_.push_back(who(thread));
            } else if (is_behind(thread.tid, awaited, threads, in_cycle)) {
                behind_deadlock_.push_back(who(thread));
            } else if (is_behind(thread.tid, awaited, threads, frozen_)) {
                behind_frozen_.push_back(who(thread));
            } else if (moves(thread)) {
                moving_.push_back(who(thread));
                active_[thread.tid] = moving_.back();
            } else if (thread.state == 'T' || thread.state == 't') {
                stopped_.push_back(who(thread));
            } else if (waits_for_others(thread, awaited)) {
                // Said by note_others().
            } else if (thread.waiting && !thread.waiting->timed) {
                // A lock whose owner is alive and not stuck, or an object that any thread may
                // signal.
                (thread.waiting->owner_tid ? behind_living_ : for_each_other_)
                    .push_back(who(thread));
            } else if (const ChannelWait* const channel = awaited.channel(thread.tid)) {
                (channel->inside_alone ? on_channels_ : perhaps_on_channels_)
                    .push_back({thread.tid, thread.name, channel->call});
            } else if (outside(thread) != WakesFrom::no) {
                for_world_.push_back(who(thread));
            } else {
                unexplained_.push_back(who(thread));
            }
        }
    }

    // Does a thread of another process have the lock, or may another process post the object?
    bool waits_for_others(const ThreadView& thread, const Awaited& awaited) {
        if (!thread.waiting || thread.waiting->timed) return false;
        const Lock* const lock = awaited.lock(thread.tid);
        // What it waits for has just changed.
        if (lock == nullptr) {
            unexplained_.push_back(who(thread));
            return true;
        }
        const bool elsewhere = lock->owner && lock->owner->alive && lock->owner->pid != 0;
        if (!elsewhere && !lock->open_to_others()) return false;
        if (elsewhere || !lock->others.empty()) {
            for_others_.push_back(who(thread));
            if (elsewhere) other_processes_.insert(lock->owner->pid);
            other_processes_.insert(lock->others.begin(), lock->others.end());
        } else {
            perhaps_for_others_.push_back(who(thread));
        }
        return true;
    }

    static WakesFrom outside(const ThreadView& thread) {
        return thread.syscall ? wakes_from(*thread.syscall) : WakesFrom::no;
    }

    // A thread that woke a few times only, from a wait with a time limit, was woken by its clock.
    bool moves(const ThreadView& thread) const {
        if (movement_.moved.contains(thread.tid) || thread.state == 'R') return true;
        return movement_.ticked.contains(thread.tid) && outside(thread) != WakesFrom::time;
    }

    // Does the thread wait, however indirectly, for one of those?
    static bool is_behind(pid_t tid, const Awaited& awaited, std::size_t threads,
                          const std::set<pid_t>& those) {
        for (std::size_t steps = 0; steps <= threads; ++steps) {
            const Lock* const lock = awaited.lock(tid);
            if (lock == nullptr || !lock->owner || !lock->owner->alive) return false;
            tid = lock->owner->tid;
            if (those.contains(tid)) return true;
        }
        return false;
    }

    // CPU time is no proof of progress where it is all that there is.
    bool only_burns_cpu() const {
        return !active_.empty() && movement_.created + movement_.ended == 0 &&
               deadlocked_.empty() && behind_the_dead_.empty() &&
               std::all_of(active_.begin(), active_.end(), [&](const auto& one) {
                   return movement_.sleepless.contains(one.first);
               });
    }

    void look_for_spinners() {
        std::vector<pid_t> suspects;
        for (const auto& [tid, thread] : active_)
            suspects.push_back(tid);
        const Spinning found = find_spinners(process_, suspects);
        for (const auto& [tid, place] : found.spinners) {
            Spinners& there = spinning_[place.function];
            there.threads.push_back(active_[tid]);
            if (!place.line.empty()) there.lines.insert(place.line);
        }
        for (const pid_t tid : found.unknown)
            unseen_.push_back(active_[tid]);
        why_unseen_ = found.why;
        why_code_unseen_ = found.why_code;
        moving_.clear();
        for (const auto& [tid, thread] : active_) {
            const bool gets_on =
                !found.spinners.contains(tid) &&
                std::find(found.unknown.begin(), found.unknown.end(), tid) == found.unknown.end();
            if (gets_on) moving_.push_back(thread);
        }
    }

    Progress judge(WatchReport& report) {
        std::vector<Ground>& grounds = report.grounds;
        const auto say = [&](GroundCode code, const std::vector<GroundThread>& threads) {
            if (!threads.empty()) grounds.push_back({code, {{"threads", threads}}});
        };
        for (const Lock& lock : report.locks.locks)
            if (lock.orphaned) grounds.push_back(ground_of_orphan(lock));
        say(GroundCode::deadlocked, deadlocked_);
        say(GroundCode::behind_deadlock, behind_deadlock_);
        say(GroundCode::behind_orphan, behind_the_dead_);
        say(GroundCode::held_by_fault, held_);
        say(GroundCode::behind_held, behind_frozen_);
        say(GroundCode::active, moving_);
        for (const auto& [function, there] : spinning_) {
            grounds.push_back(
                {GroundCode::spinning,
                 {{"threads", there.threads},
                  {"function", function},
                  {"lines", std::vector<std::string>(there.lines.begin(), there.lines.end())}}});
        }
        say(GroundCode::activity_unseen, unseen_);
        if (!unseen_.empty()) {
            grounds.back().data.emplace_back("why", why_unseen_);
            grounds.back().data.emplace_back("why_code", why_code_unseen_);
        }
        if (process_.thread_ended(process_.pid())) grounds.push_back({GroundCode::main_ended, {}});
        if (movement_.created + movement_.ended > 0) {
            grounds.push_back({GroundCode::threads_changed,
                               {{"created", static_cast<std::int64_t>(movement_.created)},
                                {"ended", static_cast<std::int64_t>(movement_.ended)}}});
        }
        say(GroundCode::stopped, stopped_);
        say(GroundCode::waits_for_outside, for_world_);
        say(GroundCode::waits_for_process, for_others_);
        if (!other_processes_.empty()) {
            grounds.push_back(
                {GroundCode::can_be_done_by, {{"processes", named(other_processes_)}}});
        }
        say(GroundCode::waits_in_shared_memory, perhaps_for_others_);
        say(GroundCode::channel_inside, on_channels_);
        say(GroundCode::channel_perhaps_shared, perhaps_on_channels_);
        say(GroundCode::waits_for_object, for_each_other_);
        say(GroundCode::waits_for_lock, behind_living_);
        say(GroundCode::unexplained, unexplained_);
        grounds.push_back({GroundCode::work_done,
                           {{"cpu_seconds", movement_.cpu_seconds},
                            {"wakes", static_cast<std::int64_t>(movement_.wakes)},
                            {"seconds", report.seconds}}});

        // These locks are never released: their waiters are stuck whatever the other threads do.
        if (!deadlocked_.empty() || !behind_the_dead_.empty()) return Progress::stuck;
        if (!moving_.empty() || movement_.created + movement_.ended > 0)
            return Progress::progressing;
        if (!behind_frozen_.empty()) return Progress::stuck;
        if (!spinning_.empty() || !unseen_.empty()) return Progress::unknown;
        // What a stopped thread would do after it is continued is unknown.
        if (!stopped_.empty() || !unexplained_.empty()) return Progress::unknown;
        // At least one thread must be wakeable from outside, since only it can wake the others.
        if (!for_world_.empty() || !for_others_.empty()) return Progress::idle;
        if (!perhaps_for_others_.empty() || !perhaps_on_channels_.empty()) return Progress::unknown;
        if (!held_.empty()) return Progress::unknown;
        grounds.push_back({GroundCode::nobody_left, {}});
        if (may_be_woken_by_signals()) {
            grounds.push_back({GroundCode::signal_may_wake, {}});
            return Progress::unknown;
        }
        return Progress::stuck;
    }

    // For instance by sem_post() in a handler of SIGTERM. Handlers of errors of the program itself
    // (SIGSEGV, ...) don't count, nor do ours, libc's and those of the program's runtime.
    bool may_be_woken_by_signals() const {
        const auto bit = [](int number) { return std::uint64_t{1} << (number - 1); };
        std::uint64_t ours = base::kLibcSignals | bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) |
                             bit(SIGILL) | bit(SIGTRAP) | bit(SIGABRT) | bit(SIGSYS);
        if (connection_ != nullptr) {
            // Exactly these two: neighbouring signals may have handlers of the program.
            const wire::HelloReply hello = connection_->hello();
            for (const int one : {hello.signal, hello.interrupt_signal})
                if (one >= 34 && one <= 64) ours |= bit(one);
        }
        const std::uint64_t others = process_.process_status().caught & ~ours;
        return others != 0 && (others & ~runtime_handlers(process_, others)) != 0;
    }

    const observe::Process& process_;
    client::Connection* connection_;
    Meters meters_;
    Movement movement_;
    std::set<pid_t> frozen_;
    std::map<pid_t, GroundThread> active_;  // all of moving_, by tid
    struct Spinners {
        std::vector<GroundThread> threads;
        std::set<std::string> lines;
    };
    std::map<std::string, Spinners> spinning_;  // by function
    std::vector<GroundThread> unseen_;
    std::string why_unseen_;
    std::string why_code_unseen_;
    std::vector<GroundThread> deadlocked_, behind_deadlock_, behind_the_dead_, held_,
        behind_frozen_, moving_, stopped_, for_world_, for_others_, perhaps_for_others_,
        on_channels_, perhaps_on_channels_, for_each_other_, behind_living_, unexplained_;
    std::set<pid_t> other_processes_;
};

}  // namespace

WatchReport watch(const observe::Process& process, client::Connection* connection,
                  std::chrono::nanoseconds duration, const std::function<bool()>& stop) {
    const Clock::time_point begin = Clock::now();
    Watch watch(process, connection);
    const Clock::time_point end = begin + std::max<std::chrono::nanoseconds>(duration, 20ms);
    while (Clock::now() < end && !(stop && stop())) {
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(end - Clock::now(), 50ms));
        if (process.alive()) continue;
        throw Error(ErrorCode::target_died,
                    formatted("process {} ended while it was watched", process.pid()));
    }
    return watch.report(std::chrono::duration<double>(Clock::now() - begin).count());
}

}  // namespace threadfault::drive
