// Bytes, for the shim's memcpy and its like.
#ifndef THREADFAULT_ARCH_BYTES_HPP
#define THREADFAULT_ARCH_BYTES_HPP

#if defined(__x86_64__)
#include "arch/x86_64/bytes.hpp"
#elif defined(__aarch64__)
#include "arch/aarch64/bytes.hpp"
#else
#error "threadfault runs on x86-64 and aarch64: see lib/arch"
#endif

#endif  // THREADFAULT_ARCH_BYTES_HPP
