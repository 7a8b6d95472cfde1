// One thread of another process, stopped by ptrace(2) for as long as this object lives: some ten
// microseconds, so that its registers can be read. It is let go so that no call of the thread's
// returns EINTR because of it. No other thread stops, and none sees a signal.
#ifndef THREADFAULT_OBSERVE_STOPPED_THREAD_HPP
#define THREADFAULT_OBSERVE_STOPPED_THREAD_HPP

#include "arch/traced.hpp"
#include "observe/process.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>

namespace threadfault::observe {

class StoppedThread {
public:
    // A thread in an uninterruptible wait does not stop: look at its state beforehand. Once it has
    // been asked to stop, it can't be let go before it has; the tracing ends with this process.
    StoppedThread(const Process& process, pid_t tid, std::chrono::milliseconds within);
    ~StoppedThread() { let_go(); }
    StoppedThread(const StoppedThread&) = delete;
    StoppedThread& operator=(const StoppedThread&) = delete;

    explicit operator bool() const noexcept { return stopped_; }
    // Why it is not stopped: ESRCH it has ended, EPERM the kernel does not allow it or somebody
    // else traces it, ETIMEDOUT it has not come to a stop.
    int error() const noexcept { return error_; }

    // As it will go on with them, but for a restart of its system call.
    const arch::Traced& registers() const noexcept { return registers_; }

    // It stands still by itself (SIGSTOP): a part of a process that is stopped as a whole. Letting
    // it go leaves it so.
    bool in_group_stop() const noexcept { return group_stop_; }

    // At most once; then the object says that nothing is stopped.
    void let_go();
    std::chrono::nanoseconds stood() const noexcept { return stood_; }

private:
    bool wait_for_stop(std::chrono::steady_clock::time_point deadline);
    void hide_interruption();

    const Process& process_;
    pid_t tid_;
    std::optional<TaskSyscall> before_;
    bool stopped_ = false;
    bool group_stop_ = false;
    int error_ = 0;
    arch::Traced registers_{};
    std::chrono::steady_clock::time_point begin_;
    std::chrono::nanoseconds stood_{};
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_STOPPED_THREAD_HPP
