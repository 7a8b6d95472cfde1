#include "observe/interrupted_call.hpp"

#include "arch/code.hpp"

#include <sys/syscall.h>

#include <cerrno>

namespace threadfault::observe {
namespace {

// How the kernel marks a call that it will take up again (include/linux/errno.h).
constexpr long kRestartSys = -512;
constexpr long kRestartNoIntr = -513;
constexpr long kRestartNoHand = -514;
constexpr long kRestartBlock = -516;

}  // namespace

// A stopped thread's registers tell all.
std::optional<TaskSyscall> look_before_stop(const Process& /*process*/, pid_t /*tid*/) {
    return std::nullopt;
}

InterruptedCall interrupted_call(const arch::Traced& registers,
                                 const std::optional<TaskSyscall>& /*before*/) {
    using How = InterruptedCall::How;
    const auto number = static_cast<long>(registers.orig_rax);
    if (number < 0) return {};
    switch (arch::result(registers)) {
        case kRestartSys:
        case kRestartNoIntr:
        case kRestartNoHand:
            return {How::restarts, number};
        case kRestartBlock:
            return {How::resumes, number};
        case -EINTR:
            return {How::returned, number};
        default:
            return {};
    }
}

arch::Traced again(const arch::Traced& registers, const InterruptedCall& call,
                   const std::optional<TaskSyscall>& /*before*/) {
    arch::Traced copy = registers;
    arch::forget_call(copy);
    const bool resumes = call.how == InterruptedCall::How::resumes;
    arch::set_result(copy, resumes ? SYS_restart_syscall : call.number);
    copy.rip -= arch::kCallInstruction;
    return copy;
}

void cut_short(arch::Traced* registers, const InterruptedCall& /*call*/) {
    arch::set_result(*registers, -EINTR);
    arch::forget_call(*registers);
}

}  // namespace threadfault::observe
