// System calls that a stop by ptrace(2) has cut short, and how they go on as if it had not been.
#ifndef THREADFAULT_OBSERVE_INTERRUPTED_CALL_HPP
#define THREADFAULT_OBSERVE_INTERRUPTED_CALL_HPP

#include "arch/traced.hpp"
#include "observe/process.hpp"

#include <optional>

namespace threadfault::observe {

struct InterruptedCall {
    enum class How {
        none,      // it was in no call, or in one that is over
        returned,  // EINTR is in its registers
        restarts,  // the kernel makes it again
        resumes,   // the same, with what is left of its time
    };
    How how = How::none;
    long number = -1;

    explicit operator bool() const noexcept { return how != How::none; }
};

// What must be known of the thread from before it was stopped: nothing on some machines, and then
// nothing is read.
std::optional<TaskSyscall> look_before_stop(const Process& process, pid_t tid);

InterruptedCall interrupted_call(const arch::Traced& registers,
                                 const std::optional<TaskSyscall>& before);

// The registers for making the call again.
arch::Traced again(const arch::Traced& registers, const InterruptedCall& call,
                   const std::optional<TaskSyscall>& before);

// The registers of a thread whose call returns EINTR.
void cut_short(arch::Traced* registers, const InterruptedCall& call);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_INTERRUPTED_CALL_HPP
