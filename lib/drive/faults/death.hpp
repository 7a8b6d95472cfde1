// How a process that is not our child ended.
#ifndef THREADFAULT_DRIVE_FAULTS_DEATH_HPP
#define THREADFAULT_DRIVE_FAULTS_DEATH_HPP

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace threadfault::drive {

// Made while the process lives; asked after its end. What can't be observed stays unknown: the
// kernel tells the exit status of a stranger by pidfd from 6.15 on, before that only as long as its
// parent has not waited for it.
class DeathWatch {
public:
    explicit DeathWatch(pid_t pid) noexcept;
    ~DeathWatch();
    DeathWatch(const DeathWatch&) = delete;
    DeathWatch& operator=(const DeathWatch&) = delete;

    // Is there a pidfd to watch by?
    bool watches() const noexcept { return pidfd_ >= 0; }
    // Has the process ended, with all its threads? False where it can't be told this way (no
    // pidfd).
    bool has_ended() const noexcept;
    // Waits for that. What closes with the process, its sockets, is closed a little before.
    bool ends_within(std::chrono::milliseconds time) const noexcept;
    // As wait(2) would give it.
    std::optional<int> wait_status() const;
    // "the process was ended by SIGABRT", "the process exited with code 3", "the process ended".
    std::string text() const;
    static std::string text_of(std::optional<int> wait_status);

private:
    std::optional<int> status_of_reaped() const noexcept;

    pid_t pid_;
    int pidfd_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_DEATH_HPP
