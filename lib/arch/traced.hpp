// Registers of a traced thread (user_regs_struct) by what they are for.
#ifndef THREADFAULT_ARCH_TRACED_HPP
#define THREADFAULT_ARCH_TRACED_HPP

#if defined(__x86_64__)
#include "arch/x86_64/traced.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/traced.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_TRACED_HPP
