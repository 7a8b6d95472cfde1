// How large the frame is that the kernel puts on a stack for a signal, and what our handler and
// those that it calls use below it (preload/faults/stack_needs.hpp).
#ifndef THREADFAULT_ARCH_FRAME_SIZE_HPP
#define THREADFAULT_ARCH_FRAME_SIZE_HPP

#if defined(__x86_64__)
#include "arch/x86_64/frame_size.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/frame_size.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_FRAME_SIZE_HPP
