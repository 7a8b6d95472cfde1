// The registers of what a signal has interrupted. Async-signal-safe.
#ifndef THREADFAULT_ARCH_CONTEXT_HPP
#define THREADFAULT_ARCH_CONTEXT_HPP

#if defined(__x86_64__)
#include "arch/x86_64/context.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/context.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_CONTEXT_HPP
