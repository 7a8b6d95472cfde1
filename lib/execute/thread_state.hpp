// What /proc says of one thread of this process, read with raw system calls into a small buffer on
// the stack. Async-signal-safe; thread-safe.
#ifndef THREADFAULT_EXECUTE_THREAD_STATE_HPP
#define THREADFAULT_EXECUTE_THREAD_STATE_HPP

#include "execute/core.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace threadfault::execute {

// Finds the mask of blocked signals in /proc/<pid>/task/<tid>/status, given in pieces of any size.
class BlockedSignalsParser {
public:
    // True: found, stop feeding.
    bool feed(const char* text, std::size_t size) noexcept;
    std::uint64_t mask() const noexcept { return mask_; }

private:
    // A whole "SigBlk:" line fits; of longer lines only the beginning is kept.
    char line_[32] = {};
    std::size_t length_ = 0;
    std::uint64_t mask_ = 0;
};

// Bit `signal_number - 1` of `mask`, with glibc's own 32 and 33 telling birth and end apart.
Deafness judge_mask(std::uint64_t mask, int signal_number) noexcept;

struct ThreadStat {
    char state = '?';
    std::uint64_t start_ticks = 0;  // 1/100 s since boot
};

// Parses /proc/<pid>/task/<tid>/stat. The name may hold spaces and parentheses.
bool parse_stat(const char* text, std::size_t size, ThreadStat* out) noexcept;

// How long the thread has been on a CPU; -1: not known (no such thread, or a kernel that does not
// count). A running one's time is brought up to date at each tick.
std::int64_t cpu_time_ns(pid_t tid) noexcept;

// Watches one thread for its end while a request is with it. A tid alone names no thread: it may be
// given to a new one at once, so the start time is compared too.
class ExitWatch {
public:
    // `since_ns`: CLOCK_MONOTONIC, when the request was posted.
    ExitWatch(pid_t pid, pid_t tid, std::int64_t since_ns) noexcept
        : pid_(pid), tid_(tid), since_ns_(since_ns) {}

    // Has the thread ended: unknown to the kernel, state Z or X, or replaced by a younger one?
    // False when /proc can't be read and the kernel still knows the tid.
    bool has_ended() noexcept;

    // The thread's state at that look (proc(5)); '?' when it was not to be read.
    char state() const noexcept { return state_; }

private:
    pid_t pid_;
    pid_t tid_;
    std::int64_t since_ns_;
    bool seen_ = false;
    char state_ = '?';
    std::uint64_t start_ticks_ = 0;
};

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_THREAD_STATE_HPP
