// Who waits for what in a lock graph, by thread.
#ifndef THREADFAULT_DRIVE_LOCKS_AWAITED_HPP
#define THREADFAULT_DRIVE_LOCKS_AWAITED_HPP

#include "drive/locks/lock_graph.hpp"

#include <sys/types.h>

#include <unordered_map>

namespace threadfault::drive {

// An index: with ten thousand threads, to search the graph for each of them takes seconds. The
// graph must outlive it unchanged.
class Awaited {
public:
    explicit Awaited(const LockGraph& graph);

    // What the thread waits for; nullptr: nothing that it waited for in both looks.
    const Lock* lock(pid_t tid) const noexcept;
    // nullptr: no channel of the process.
    const ChannelWait* channel(pid_t tid) const noexcept;

private:
    std::unordered_map<pid_t, const Lock*> locks_;
    std::unordered_map<pid_t, const ChannelWait*> channels_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_AWAITED_HPP
