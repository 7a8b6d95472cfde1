// The registers of a perf sample (perf_event_open(2), sample_regs_user).
#ifndef THREADFAULT_ARCH_SAMPLES_HPP
#define THREADFAULT_ARCH_SAMPLES_HPP

#if defined(__x86_64__)
#include "arch/x86_64/samples.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/samples.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_SAMPLES_HPP
