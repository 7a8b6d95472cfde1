#include "observe/interrupted_call.hpp"

#include "arch/code.hpp"

#include <sys/syscall.h>

#include <cerrno>

namespace threadfault::observe {
namespace {

constexpr std::size_t kNumber = 8;  // x8 holds the call's number

bool is_at(const arch::Traced& registers, const TaskSyscall& call, std::uint64_t before_end) {
    return !call.running && call.number >= 0 &&
           registers.regs[kNumber] == static_cast<std::uint64_t>(call.number) &&
           arch::sp(registers) == call.stack_pointer &&
           arch::ip(registers) == call.instruction_pointer - before_end;
}

bool sleeps_for_a_time(long number) {
    return number == SYS_nanosleep || number == SYS_clock_nanosleep;
}

}  // namespace

// The result takes the first argument's place, and the kernel keeps that to itself.
std::optional<TaskSyscall> look_before_stop(const Process& process, pid_t tid) {
    return process.syscall(tid);
}

InterruptedCall interrupted_call(const arch::Traced& registers,
                                 const std::optional<TaskSyscall>& before) {
    using How = InterruptedCall::How;
    if (!before) return {};
    // The kernel sets a thread back to the instruction before a tracer sees it (do_signal() in
    // arch/arm64/kernel/signal.c).
    if (is_at(registers, *before, arch::kCallInstruction)) {
        return {sleeps_for_a_time(before->number) ? How::resumes : How::restarts, before->number};
    }
    if (is_at(registers, *before, 0) && arch::result(registers) == -EINTR) {
        return {How::returned, before->number};
    }
    return {};
}

arch::Traced again(const arch::Traced& registers, const InterruptedCall& call,
                   const std::optional<TaskSyscall>& before) {
    arch::Traced copy = registers;
    if (call.how == InterruptedCall::How::resumes) copy.regs[kNumber] = SYS_restart_syscall;
    if (call.how == InterruptedCall::How::returned && before) {
        copy.regs[0] = before->arguments[0];
        copy.pc -= arch::kCallInstruction;
    }
    return copy;
}

void cut_short(arch::Traced* registers, const InterruptedCall& call) {
    arch::set_result(*registers, -EINTR);
    if (call.how != InterruptedCall::How::returned) registers->pc += arch::kCallInstruction;
}

}  // namespace threadfault::observe
