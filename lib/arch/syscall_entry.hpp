// The shim's syscall(): a jump to libc's for all but three numbers, which
// threadfault_look_at_syscall gets. Jumps alone, as a clone may return on another stack. Include it
// once, in one source file.
#ifndef THREADFAULT_ARCH_SYSCALL_ENTRY_HPP
#define THREADFAULT_ARCH_SYSCALL_ENTRY_HPP

#if defined(__x86_64__)
#include "arch/x86_64/syscall_entry.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/syscall_entry.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_SYSCALL_ENTRY_HPP
