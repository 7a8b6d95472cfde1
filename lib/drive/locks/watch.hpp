// Is a process making progress?
#ifndef THREADFAULT_DRIVE_LOCKS_WATCH_HPP
#define THREADFAULT_DRIVE_LOCKS_WATCH_HPP

#include "client/connection.hpp"
#include "drive/grounds/grounds.hpp"
#include "drive/locks/lock_graph.hpp"
#include "observe/process.hpp"
#include "threadfault/types.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace threadfault::drive {

struct WatchReport {
    Progress verdict = Progress::unknown;
    std::vector<Ground> grounds;
    std::vector<std::string> evidence;  // the same as sentences
    LockGraph locks;                    // as seen at the end
    double seconds = 0;                 // how long it was watched
};

// Looks from outside for `duration` (at least two looks). `stop`, where given, is asked between
// looks and ends the watching early. A process that ends meanwhile: Error{target_died}.
//   stuck:       threads are in a deadlock, or wait for a lock whose owner is dead or for one
//                that a frozen thread holds, whatever the others do; or all wait for each
//                other and none is left that could be woken from outside
//   progressing: a thread computed, or woke up more often than a housekeeping timer does. Where
//                threads that use CPU time and never sleep are all that moves, they are sampled
//                for some tenths of a second more: spinning in one loop is no progress.
//   idle:        all wait for input or a timer, or for threads that do
//   unknown:     none of these could be established, or threads only spin
WatchReport watch(const observe::Process& process, client::Connection* connection,
                  std::chrono::nanoseconds duration, const std::function<bool()>& stop = {});

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_WATCH_HPP
