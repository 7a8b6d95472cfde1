// Who waits for whom: the objects that a process's threads wait for, their owners, the threads
// stuck behind the dead, and the cycles.
#ifndef THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP
#define THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP

#include "client/connection.hpp"
#include "observe/process.hpp"
#include "observe/wait_object.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

struct LockOwner {
    pid_t tid = 0;     // as /proc numbers it; the number in the object where the owner is dead; 0:
                       // dead, and the object doesn't tell
    std::string name;  // "" unknown
    bool alive = false;
    std::string fate;  // of a dead owner, where the agent knows it: "vanished 3.2 s ago, start
                       // routine serve (main/2)"; "" unknown
};

struct Lock {
    WaitKind kind{};
    std::uint64_t address = 0;
    std::string symbol;    // "cache_mutex", "cache+0x40", "stdout"; "" where it is on the heap or a
                           // stack
    bool stream = false;   // it is the lock of libc's stream of that name
    std::string call;      // "pthread_join": that its first waiter is in; "" unknown
    std::string location;  // "libfoo.so+0x4040" or "heap" or "stack of 123"; "" unknown
    std::string declared;  // "server.cpp:12": of the global that it is, or lies in; "" unknown
    std::optional<LockOwner> owner;
    std::vector<pid_t> waiters;  // that wait for this very object
    bool orphaned = false;       // its owner is dead
    std::vector<pid_t>
        stuck_behind;  // orphaned: waiters and those that wait for them, transitively
};

struct LockGraph {
    std::vector<Lock> locks;                 // orphaned first, then by number of waiters
    std::vector<std::vector<pid_t>> cycles;  // deadlocks; each starts at its lowest tid
    std::map<pid_t, std::string> names;      // of every living thread

    bool has_orphans() const noexcept;
};

// Looks from outside alone; `connection` (may be nullptr) is only asked what it knows of threads
// that have ended. What changed while it looked is left out: a wait counts when two looks agree.
// Throws Error{not_permitted} where the process can't be looked into.
LockGraph find_locks(const observe::Process& process, client::Connection* connection);

// The tree that a person reads, one line a lock and indented waiters; "" when nothing waits for a
// lock.
std::string lock_tree(const LockGraph& graph);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP
