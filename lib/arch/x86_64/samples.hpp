#ifndef THREADFAULT_ARCH_X86_64_SAMPLES_HPP
#define THREADFAULT_ARCH_X86_64_SAMPLES_HPP

#include <asm/perf_regs.h>

namespace threadfault::arch {

// As instructions number them: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15; then rip.
inline constexpr int kSampledRegisters[] = {
    PERF_REG_X86_AX,  PERF_REG_X86_CX,  PERF_REG_X86_DX,  PERF_REG_X86_BX,  PERF_REG_X86_SP,
    PERF_REG_X86_BP,  PERF_REG_X86_SI,  PERF_REG_X86_DI,  PERF_REG_X86_R8,  PERF_REG_X86_R9,
    PERF_REG_X86_R10, PERF_REG_X86_R11, PERF_REG_X86_R12, PERF_REG_X86_R13, PERF_REG_X86_R14,
    PERF_REG_X86_R15, PERF_REG_X86_IP};

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_SAMPLES_HPP
