// pthread_t and start routine of threads that no agent knows: from glibc's own lists, read from
// outside by a program that has libthread_db.
#ifndef THREADFAULT_DRIVE_THREADS_OUTSIDE_THREADS_HPP
#define THREADFAULT_DRIVE_THREADS_OUTSIDE_THREADS_HPP

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace threadfault::drive {

struct OutsideThread {
    std::uint64_t pthread = 0;
    std::uint64_t start_address = 0;  // 0: main
    std::uint64_t start_argument = 0;
};

// By thread id, as the process itself has it. Empty where it can't be told: not permitted, no or
// another glibc, the program not installed. Never throws for any of that.
std::unordered_map<pid_t, OutsideThread> threads_from_outside(pid_t pid);

// Its output; lines that are none are left out.
std::unordered_map<pid_t, OutsideThread> parse_outside_threads(std::string_view text);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_OUTSIDE_THREADS_HPP
