// Tids as a target's own pid namespace has them (in its memory), and as ours has.
#ifndef THREADFAULT_DRIVE_THREADS_TID_NUMBERS_HPP
#define THREADFAULT_DRIVE_THREADS_TID_NUMBERS_HPP

#include "client/connection.hpp"
#include "observe/process.hpp"

#include <unordered_map>

namespace threadfault::drive {

class TidNumbers {
public:
    // Both must outlive it; `connection` may be nullptr.
    TidNumbers(const observe::Process& process, const client::Connection* connection)
        : process_(process),
          connection_(connection),
          nested_(process.status_at_opening().ns_pid.size() > 1) {}

    bool nested() const noexcept { return nested_; }
    // 0: no living thread has that number.
    pid_t outer(pid_t inner);

private:
    const observe::Process& process_;
    const client::Connection* connection_;
    const bool nested_;
    std::unordered_map<pid_t, pid_t> numbers_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_TID_NUMBERS_HPP
