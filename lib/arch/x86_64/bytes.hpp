#ifndef THREADFAULT_ARCH_X86_64_BYTES_HPP
#define THREADFAULT_ARCH_X86_64_BYTES_HPP

#include <cstddef>

namespace threadfault::arch {

// Upwards, by instructions that no compiler takes for a call of memcpy or memset.
inline void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

inline void set_bytes(void* to, int value, std::size_t size) noexcept {
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_X86_64_BYTES_HPP
