#ifndef THREADFAULT_ARCH_AARCH64_BYTES_HPP
#define THREADFAULT_ARCH_AARCH64_BYTES_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::arch {

// Upwards, by instructions that no compiler takes for a call of memcpy or memset. Words first:
// their addresses need not be aligned.
inline void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
    std::uint64_t word = 0;
    __asm__ volatile(
        "1: cmp %[size], #8\n\t"
        "b.lo 2f\n\t"
        "ldr %[word], [%[from]], #8\n\t"
        "str %[word], [%[to]], #8\n\t"
        "sub %[size], %[size], #8\n\t"
        "b 1b\n"
        "2: cbz %[size], 3f\n\t"
        "ldrb %w[word], [%[from]], #1\n\t"
        "strb %w[word], [%[to]], #1\n\t"
        "sub %[size], %[size], #1\n\t"
        "b 2b\n"
        "3:"
        : [to] "+&r"(to), [from] "+&r"(from), [size] "+&r"(size), [word] "=&r"(word)
        :
        : "cc", "memory");
}

inline void set_bytes(void* to, int value, std::size_t size) noexcept {
    const std::uint64_t word = (static_cast<std::uint64_t>(value) & 0xff) * 0x0101010101010101U;
    __asm__ volatile(
        "1: cmp %[size], #8\n\t"
        "b.lo 2f\n\t"
        "str %[word], [%[to]], #8\n\t"
        "sub %[size], %[size], #8\n\t"
        "b 1b\n"
        "2: cbz %[size], 3f\n\t"
        "strb %w[word], [%[to]], #1\n\t"
        "sub %[size], %[size], #1\n\t"
        "b 2b\n"
        "3:"
        : [to] "+&r"(to), [size] "+&r"(size)
        : [word] "r"(word)
        : "cc", "memory");
}

}  // namespace threadfault::arch

#endif  // THREADFAULT_ARCH_AARCH64_BYTES_HPP
