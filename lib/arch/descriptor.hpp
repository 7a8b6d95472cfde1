// Where libc has a thread's descriptor (struct pthread, which a pthread_t points to), as far as
// nothing that it exports says so.
#ifndef THREADFAULT_ARCH_DESCRIPTOR_HPP
#define THREADFAULT_ARCH_DESCRIPTOR_HPP

#if defined(__x86_64__)
#include "arch/x86_64/descriptor.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/descriptor.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_DESCRIPTOR_HPP
