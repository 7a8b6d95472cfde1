#include "drive/faults/aftermath.hpp"

#include "threadfault/error.hpp"

#include <sys/syscall.h>

#include <algorithm>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;

// A thread that main joins ends, and main ends the process.
constexpr auto kReactsWithin = 200ms;
// For a process that is dying.
constexpr auto kEndsWithin = 1s;

// pthread_join sleeps on the thread's number, which the kernel clears (glibc and musl alike).
bool joins_a_victim(const observe::TaskSyscall& call, const std::vector<Victim>& victims) {
    if (call.running || call.number != SYS_futex) return false;
    return std::any_of(victims.begin(), victims.end(), [&](const Victim& victim) {
        return static_cast<pid_t>(call.arguments[2]) == victim.inner_tid;
    });
}

}  // namespace

Aftermath::Aftermath(const observe::Process& process, client::Connection* connection,
                     const DeathWatch& death, const std::vector<Victim>& victims)
    : process_(process), connection_(connection), death_(death), main_may_react_(main_sleeps()) {
    find_joiners(victims);
    const bool of_main = std::any_of(victims.begin(), victims.end(),
                                     [](const Victim& victim) { return victim.main; });
    const bool main_outlives = !of_main && (main_may_react_ || lives(process_.pid()));
    // Else the last thread may end, and the agent's is none: asked for while there is somebody to
    // answer.
    if (!main_outlives) agent_ = agent_tid();
}

void Aftermath::wait() {
    watch_joiners(Clock::now() + kReactsWithin);
    // Where nobody was woken, nobody is waited for.
    const bool sleeps_again = main_may_react_ && watch_main(Clock::now() + kReactsWithin);
    // With main asleep, the last thread has not ended.
    if (!sleeps_again) watch_end_of_the_last();
}

bool Aftermath::main_sleeps() const {
    const auto main = process_.stat(process_.pid());
    return main && main->state == 'S';
}

bool Aftermath::lives(pid_t tid) const {
    const auto stat = process_.stat(tid);
    return stat && !stat->is_dead() && !stat->is_kernel_worker();
}

// Other threads than the main one may join a victim, and end the process then. The agent has said
// of most that nobody does: else every thread is looked at.
void Aftermath::find_joiners(const std::vector<Victim>& victims) {
    if (victims.size() > kMostToTell) return;
    const auto is_unjoined = [](const Victim& victim) { return victim.unjoined; };
    if (std::all_of(victims.begin(), victims.end(), is_unjoined)) return;
    const std::vector<pid_t> tids = process_.tids();
    try {
        const auto calls = process_.syscalls(tids);
        for (std::size_t i = 0; i < tids.size(); ++i) {
            if (calls[i] && joins_a_victim(*calls[i], victims)) joiners_.push_back(tids[i]);
        }
    } catch (const Error&) {
        // Not shown to us: none of them is.
    }
}

pid_t Aftermath::agent_tid() {
    return connection_->outer_tid(connection_->hello().agent_tid);
}

// One that has been woken reacts until it sleeps again.
void Aftermath::watch_joiners(Clock::time_point deadline) const {
    for (const pid_t tid : joiners_) {
        while (Clock::now() < deadline) {
            const auto stat = process_.stat(tid);
            if (!stat || stat->is_dead() || stat->state == 'S') break;
            if (!death_.watches() || death_.ends_within(1ms)) return;
        }
    }
}

// It slept and is awake now: it joins the thread and ends the process, perhaps. True: it was seen
// asleep.
bool Aftermath::watch_main(Clock::time_point deadline) const {
    while (Clock::now() < deadline) {
        if (main_sleeps()) return true;
        if (!death_.watches() || death_.ends_within(1ms)) return false;
    }
    return false;
}

// A program whose last thread has ended is about to end.
void Aftermath::watch_end_of_the_last() {
    if (!death_.watches() || lives(process_.pid())) return;
    try {
        if (agent_ == 0) agent_ = agent_tid();
    } catch (const Error&) {
        // It has gone with its process, or is about to.
    }
    for (const pid_t tid : process_.tids()) {
        if (tid != agent_ && lives(tid)) return;
    }
    (void)death_.ends_within(kEndsWithin);
}

}  // namespace threadfault::drive
