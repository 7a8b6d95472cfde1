// For two looks at one process shortly after each other: who is in the same system call as before
// is not read again, only what it waits for.
#ifndef THREADFAULT_DRIVE_THREADS_SAME_CALLS_HPP
#define THREADFAULT_DRIVE_THREADS_SAME_CALLS_HPP

#include "base/descriptor.hpp"
#include "drive/threads/seen_threads.hpp"
#include "observe/process.hpp"

#include <sys/types.h>

#include <optional>
#include <span>
#include <unordered_map>

namespace threadfault::drive {

// Keeps /proc/<pid>/task/<tid>/syscall of each thread open: reading it again costs a fifth of what
// opening it and the thread's stat cost, and it stays that thread's when its number has become
// another one's. Where it can't be opened, every look reads everything.
class SameCalls {
public:
    // A look begins: these are the threads that there are.
    void begin(std::span<const pid_t> tids);

    class Entry {
    public:
        // What was seen first, of a thread that sleeps in the same call; nullptr: it does not.
        const SeenThread* unchanged() const;
        // As observe::Process::syscall().
        std::optional<observe::TaskSyscall> read(const observe::Process& process, pid_t tid);
        void remember(const SeenThread& seen) { seen_ = seen; }

    private:
        std::optional<observe::TaskSyscall> read_again() const;

        friend class SameCalls;
        base::Descriptor file_;
        int highest_ = 0;
        SeenThread seen_;
    };

    // Of a thread that begin() was told of. Thread-safe for different threads.
    Entry& of(pid_t tid) { return entries_.at(tid); }

private:
    int highest_ = 0;  // no descriptor from here on is kept
    std::unordered_map<pid_t, Entry> entries_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_SAME_CALLS_HPP
