// Instructions that are looked for, or put somewhere.
#ifndef THREADFAULT_ARCH_CODE_HPP
#define THREADFAULT_ARCH_CODE_HPP

#if defined(__x86_64__)
#include "arch/x86_64/code.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/code.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_CODE_HPP
