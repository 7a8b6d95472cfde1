// Who waits for whom: the objects that the threads of a process, or of several, wait for, their
// owners, the threads stuck behind the dead, and the cycles.
#ifndef THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP
#define THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP

#include "client/connection.hpp"
#include "drive/grounds/grounds.hpp"
#include "observe/process.hpp"
#include "observe/wait_object.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

struct ThreadList;

struct LockOwner {
    pid_t tid = 0;     // as /proc numbers it; the number in the object where the owner is dead; 0:
                       // dead, and the object doesn't tell
    std::string name;  // "" unknown
    bool alive = false;
    pid_t pid = 0;        // it is a thread of this process, which is not the waiters'; 0: it is
    std::string command;  // of that process
    std::optional<EndKind> end;       // of a dead owner, where the agent knows it
    std::optional<double> ended_ago;  // seconds; where that is known, too
    std::string fate;  // of a dead owner, where the agent knows it: "vanished 3.2 s ago, start
                       // routine serve (main/2)"; "" unknown
};

struct Lock {
    WaitKind kind{};
    pid_t pid = 0;  // of the process that has it at `address`: its first waiter's
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
    // A condition variable: `owner` is no owner, but a waiter that vanished and that libc's call
    // (`call`) waits for in vain.
    bool dead_waiter = false;
    std::optional<Ground> note;  // how the owner came to it, or why it is not known
    bool shared = false;         // it lies in memory that several processes may map
    // Living processes that can reach it and were not looked at; what they do, nobody knows here.
    std::vector<pid_t> others;
    bool closed = true;  // there can be none but those

    // Could a process that was not looked at unlock, post or wake it?
    bool open_to_others() const noexcept { return !others.empty() || !closed; }
};

// A wait for a pipe, a socket, an event descriptor or a message queue with both ends in the
// process.
struct ChannelWait {
    pid_t tid = 0;
    std::string call;           // "read(5)"
    bool inside_alone = false;  // and in no other one: only its own threads can end the wait
};

struct LockGraph {
    std::vector<Lock> locks;                 // orphaned first, then by number of waiters
    std::vector<std::vector<pid_t>> cycles;  // deadlocks; each starts at its lowest tid
    std::map<pid_t, std::string> names;      // of every living thread
    std::map<pid_t, pid_t> processes;        // of every living thread, where several were looked at

    std::vector<ChannelWait> channels;  // ascending tids

    bool has_orphans() const noexcept;
};

struct LookedAt {
    const observe::Process* process = nullptr;
    client::Connection* connection = nullptr;  // may be nullptr
};

// Looks from outside alone; `connection` (may be nullptr) is only asked what it knows of threads
// that have ended. What changed while it looked is left out: a wait counts when two looks agree.
// Throws Error{not_permitted} where the process can't be looked into. `threads` (may be nullptr):
// as the second look saw them.
LockGraph find_locks(const observe::Process& process, client::Connection* connection,
                     ThreadList* threads = nullptr);
// Of several processes at once: an object in memory that they share is one, and cycles may lead
// through all of them.
LockGraph find_locks(const std::vector<LookedAt>& processes);

// What is wrong there, as `watch` says it: orphaned locks and deadlocks.
Ground ground_of_orphan(const Lock& lock);
std::vector<Ground> grounds_of(const LockGraph& graph);

struct LockTreeLine {
    std::string text;  // indented
    pid_t tid = 0;     // the thread that it is about; 0: none that lives
    bool bad = false;  // of a deadlock, or behind an orphaned lock
};
std::vector<LockTreeLine> lock_tree_lines(const LockGraph& graph);

// The tree that a person reads, one line a lock and indented waiters; "" when nothing waits for a
// lock.
std::string lock_tree(const LockGraph& graph);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_LOCK_GRAPH_HPP
