// Internal to inflict(): what a program does when threads of it end. Whoever joins one wakes up,
// and may end the process: that belongs to the answer.
#ifndef THREADFAULT_DRIVE_FAULTS_AFTERMATH_HPP
#define THREADFAULT_DRIVE_FAULTS_AFTERMATH_HPP

#include "client/connection.hpp"
#include "drive/faults/death.hpp"
#include "drive/faults/inflict.hpp"
#include "observe/process.hpp"

#include <sys/types.h>

#include <chrono>
#include <vector>

namespace threadfault::drive {

class Aftermath {
public:
    // Before the threads end: who would react to it? `connection` must not be nullptr.
    Aftermath(const observe::Process& process, client::Connection* connection,
              const DeathWatch& death, const std::vector<Victim>& victims);

    // Until those have reacted, or the process has ended; 1.4 s at most.
    void wait();

private:
    using Clock = client::Clock;

    bool main_sleeps() const;
    bool lives(pid_t tid) const;
    void find_joiners(const std::vector<Victim>& victims);
    pid_t agent_tid();
    void watch_joiners(Clock::time_point deadline) const;
    bool watch_main(Clock::time_point deadline) const;
    void watch_end_of_the_last();

    const observe::Process& process_;
    client::Connection* const connection_;
    const DeathWatch& death_;
    std::vector<pid_t> joiners_;
    bool main_may_react_ = false;
    pid_t agent_ = 0;  // 0: not asked for
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_AFTERMATH_HPP
