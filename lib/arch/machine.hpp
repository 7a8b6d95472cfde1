// What ELF files, directories and people call this machine.
#ifndef THREADFAULT_ARCH_MACHINE_HPP
#define THREADFAULT_ARCH_MACHINE_HPP

#if defined(__x86_64__)
#include "arch/x86_64/machine.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/machine.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_MACHINE_HPP
