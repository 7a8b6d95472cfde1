// What several looks at one process have seen of its threads: a thread that has not run since the
// last look is where it was, and most threads sleep.
#ifndef THREADFAULT_DRIVE_THREADS_SEEN_THREADS_HPP
#define THREADFAULT_DRIVE_THREADS_SEEN_THREADS_HPP

#include "observe/process.hpp"
#include "observe/run_counter.hpp"
#include "observe/wait_object.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

namespace threadfault::drive {

// One thread, as one look saw it.
struct SeenThread {
    bool alive = false;
    observe::TaskStat stat;
    std::optional<observe::TaskSyscall> syscall;
    std::optional<observe::WaitObject> wait;
    std::optional<std::uint64_t> blocked;
};

// Keeps /proc/<pid>/task/<tid>/schedstat of each thread open: it counts how often the thread was
// given a CPU, and reading it costs a tenth of what stat and syscall cost. Where it can't be opened
// or the kernel does not count, every look reads everything.
class SeenThreads {
public:
    // A look begins: these are the threads that there are.
    void begin(std::span<const pid_t> tids);

    class Entry {
    public:
        // What was seen last; nullptr: the thread has run since, or was never seen. Reads the
        // counters: what is seen next is remembered under them.
        const SeenThread* unchanged(pid_t pid, pid_t tid);
        void remember(const SeenThread& seen) { seen_ = seen; }
        std::optional<std::uint64_t> cpu_nanoseconds() const noexcept { return cpu_; }

    private:
        friend class SeenThreads;
        bool read_counters(pid_t pid, pid_t tid);

        observe::RunCounter counter_;
        bool tried_ = false;
        std::uint64_t runs_ = 0;
        std::optional<std::uint64_t> cpu_;
        unsigned looks_ = 0;  // since everything was read
        unsigned look_ = 0;   // the last in which it was listed
        SeenThread seen_;
    };

    // Of a thread that begin() was told of. Thread-safe for different threads.
    Entry& of(pid_t tid) { return entries_.at(tid); }

    // CPU time to the nanosecond, as of the last look.
    std::optional<std::uint64_t> cpu_nanoseconds(pid_t tid) const;

private:
    unsigned look_ = 0;
    std::unordered_map<pid_t, Entry> entries_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_SEEN_THREADS_HPP
