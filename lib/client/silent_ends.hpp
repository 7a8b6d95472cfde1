// Threads that end without a word (a raw exit system call, the kernel): whoever follows a target's
// events looks for them from outside, so that the agent may sleep.
#ifndef THREADFAULT_CLIENT_SILENT_ENDS_HPP
#define THREADFAULT_CLIENT_SILENT_ENDS_HPP

#include "observe/process.hpp"

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <unordered_map>
#include <vector>

namespace threadfault::client {

// Not thread-safe.
class SilentEnds {
public:
    using Clock = std::chrono::steady_clock;
    // The target's own number of a thread that lives; 0: it does not.
    using InnerTid = std::function<pid_t(pid_t tid)>;

    // `process` must outlive it.
    SilentEnds(const observe::Process& process, InnerTid inner_tid)
        : process_(process), inner_tid_(std::move(inner_tid)) {}

    // When to look again: often enough that a follower hears of an end within some tenths of a
    // second, in a fiftieth of the time at most.
    Clock::time_point next() const noexcept { return next_; }

    // The target's own numbers of some of the threads that have gone and of whose end the agent has
    // not told. Each is named once. `behind`: events may be on their way still.
    std::vector<pid_t> look(bool behind);

    // The agent has told of the birth, or the end, of the thread that has the number `inner` in the
    // target. `tid`: ours; 0: it has none any more.
    void has_begun(pid_t inner, pid_t tid);
    void has_ended(pid_t inner, pid_t tid);

private:
    void note_gone(const std::vector<pid_t>& tids, Clock::time_point now);

    const observe::Process& process_;
    InnerTid inner_tid_;
    std::unordered_map<pid_t, pid_t> living_;            // by our number, the target's own
    std::unordered_map<pid_t, Clock::time_point> gone_;  // the target's own number, since when
    bool main_lives_ = true;
    Clock::time_point next_;
};

}  // namespace threadfault::client

#endif  // THREADFAULT_CLIENT_SILENT_ENDS_HPP
