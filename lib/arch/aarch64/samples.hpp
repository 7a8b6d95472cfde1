#ifndef THREADFAULT_ARCH_AARCH64_SAMPLES_HPP
#define THREADFAULT_ARCH_AARCH64_SAMPLES_HPP

#include <asm/perf_regs.h>

namespace threadfault::arch {

// x0 to x29, the link register, the stack pointer; then the program counter.
inline constexpr int kSampledRegisters[] = {0,
                                            1,
                                            2,
                                            3,
                                            4,
                                            5,
                                            6,
                                            7,
                                            8,
                                            9,
                                            10,
                                            11,
                                            12,
                                            13,
                                            14,
                                            15,
                                            16,
                                            17,
                                            18,
                                            19,
                                            20,
                                            21,
                                            22,
                                            23,
                                            24,
                                            25,
                                            26,
                                            27,
                                            28,
                                            29,
                                            PERF_REG_ARM64_LR,
                                            PERF_REG_ARM64_SP,
                                            PERF_REG_ARM64_PC};

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_SAMPLES_HPP
