// Registers as they travel: from the shim to the client, and into the unwinder.
#ifndef THREADFAULT_ARCH_REGISTERS_HPP
#define THREADFAULT_ARCH_REGISTERS_HPP

#if defined(__x86_64__)
#include "arch/x86_64/registers.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/registers.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_REGISTERS_HPP
