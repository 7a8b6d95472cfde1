#ifndef THREADFAULT_ARCH_X86_64_DESCRIPTOR_HPP
#define THREADFAULT_ARCH_X86_64_DESCRIPTOR_HPP

#include <cstdint>

namespace threadfault::arch {

// It begins with a head (tcbhead_t) that holds its own address twice, at 0 and at 16.
inline constexpr bool kDescriptorNamesItself = true;
// Of `tid`, behind the head's 704 bytes and the list that all threads are in; glibc 2.34 to 2.43.
inline constexpr std::uint64_t kTidInDescriptor = 720;

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_DESCRIPTOR_HPP
