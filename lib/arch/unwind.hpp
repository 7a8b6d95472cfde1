// libunwind's remote interface for this machine. Its numbers of registers are those of
// arch/registers.hpp.
#ifndef THREADFAULT_ARCH_UNWIND_HPP
#define THREADFAULT_ARCH_UNWIND_HPP

#if defined(__x86_64__)
#include "arch/x86_64/unwind.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/unwind.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_UNWIND_HPP
