// Raw system calls, and what a waiting loop does.
#ifndef THREADFAULT_ARCH_CALL_HPP
#define THREADFAULT_ARCH_CALL_HPP

#if defined(__x86_64__)
#include "arch/x86_64/call.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/call.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_CALL_HPP
