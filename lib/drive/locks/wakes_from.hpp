// Internal to watch: can a thread go on without another one of its process?
#ifndef THREADFAULT_DRIVE_LOCKS_WAKES_FROM_HPP
#define THREADFAULT_DRIVE_LOCKS_WAKES_FROM_HPP

#include "observe/process.hpp"

#include <cstdint>

namespace threadfault::drive {

enum class WakesFrom : std::uint8_t {
    no,     // the wait is for another thread, as far as can be told
    input,  // for something outside of the process: data, a child, a signal
    time,   // the same, or nothing at all, up to a time limit
};

WakesFrom wakes_from(const observe::TaskSyscall& call) noexcept;

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_WAKES_FROM_HPP
