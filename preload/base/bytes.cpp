// libc's functions on bytes and texts, for the shim alone (hidden: --exclude-libs, local: *). Those
// of libc may be interposed by a sanitizer's runtime, which then takes what our handlers and the
// helper do to memory of ours for the program's doing: it knows nothing of the atomics by which we
// order it, and reports races. Async-signal-safe.
#include "arch/bytes.hpp"

#include <cstddef>
#include <cstring>

extern "C" {

[[gnu::visibility("hidden")]] void* memcpy(void* __restrict to, const void* __restrict from,
                                           std::size_t size) noexcept {
    threadfault::arch::copy_bytes(to, from, size);
    return to;
}

[[gnu::visibility("hidden")]] void* memmove(void* to, const void* from, std::size_t size) noexcept {
    auto* const out = static_cast<unsigned char*>(to);
    const auto* const in = static_cast<const unsigned char*>(from);
    if (out <= in || out >= in + size) return memcpy(to, from, size);
    for (std::size_t i = size; i > 0; --i)
        out[i - 1] = in[i - 1];
    return to;
}

[[gnu::visibility("hidden")]] void* memset(void* to, int value, std::size_t size) noexcept {
    threadfault::arch::set_bytes(to, value, size);
    return to;
}

[[gnu::visibility("hidden")]] int memcmp(const void* one, const void* other,
                                         std::size_t size) noexcept {
    const auto* const a = static_cast<const unsigned char*>(one);
    const auto* const b = static_cast<const unsigned char*>(other);
    for (std::size_t i = 0; i < size; ++i)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

[[gnu::visibility("hidden")]] std::size_t strlen(const char* text) noexcept {
    std::size_t length = 0;
    while (text[length] != '\0')
        ++length;
    return length;
}

[[gnu::visibility("hidden")]] int strncmp(const char* one, const char* other,
                                          std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        const auto a = static_cast<unsigned char>(one[i]);
        const auto b = static_cast<unsigned char>(other[i]);
        if (a != b) return a < b ? -1 : 1;
        if (a == '\0') break;
    }
    return 0;
}

[[gnu::visibility("hidden")]] int strcmp(const char* one, const char* other) noexcept {
    return strncmp(one, other, static_cast<std::size_t>(-1));
}

[[gnu::visibility("hidden")]] char* strncpy(char* __restrict to, const char* __restrict from,
                                            std::size_t size) noexcept {
    std::size_t i = 0;
    for (; i < size && from[i] != '\0'; ++i)
        to[i] = from[i];
    for (; i < size; ++i)
        to[i] = '\0';
    return to;
}

}  // extern "C"
