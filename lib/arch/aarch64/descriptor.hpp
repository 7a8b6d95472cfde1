#ifndef THREADFAULT_ARCH_AARCH64_DESCRIPTOR_HPP
#define THREADFAULT_ARCH_AARCH64_DESCRIPTOR_HPP

#include <cstdint>

namespace threadfault::arch {

// The head of 192 bytes holds nothing to be known by.
inline constexpr bool kDescriptorNamesItself = false;
// Of `tid`, behind it and the list that all threads are in; glibc 2.34 to 2.43.
inline constexpr std::uint64_t kTidInDescriptor = 208;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_DESCRIPTOR_HPP
