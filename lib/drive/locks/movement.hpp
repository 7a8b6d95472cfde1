// Internal to watch: what the threads of a process do while it is watched.
#ifndef THREADFAULT_DRIVE_LOCKS_MOVEMENT_HPP
#define THREADFAULT_DRIVE_LOCKS_MOVEMENT_HPP

#include "observe/process.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

namespace threadfault::drive {

struct Movement {
    std::set<pid_t> moved;      // more than a timer does
    std::set<pid_t> ticked;     // as little as a housekeeping timer
    std::set<pid_t> sleepless;  // hardly ever went to sleep
    double cpu_seconds = 0;     // of all of them
    std::uint64_t wakes = 0;
    std::size_t created = 0, ended = 0;
};

// Reads at once what all threads have done until now.
class Meters {
public:
    // `agent`: the helper thread, which is not counted; 0: there is none.
    Meters(const observe::Process& process, pid_t agent);

    // What they have done since, `seconds` later.
    Movement until_now(double seconds) const;

private:
    // What one thread had done at some moment.
    struct Meter {
        std::uint64_t start_ticks = 0;
        double cpu_seconds = 0;
        std::uint64_t switches = 0;  // on its own account: it went to sleep, so it had been awake
    };
    std::map<pid_t, Meter> read() const;

    const observe::Process& process_;
    pid_t agent_;
    std::map<pid_t, Meter> first_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_MOVEMENT_HPP
