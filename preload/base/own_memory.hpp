// Memory of our own, and looks at memory of this process that may not be there, or may go
// meanwhile: the kernel is asked. Raw system calls only, async-signal-safe: mmap(3) may be a
// sanitizer's, which would take what we do there for the program's doing.
#ifndef THREADFAULT_PRELOAD_OWN_MEMORY_HPP
#define THREADFAULT_PRELOAD_OWN_MEMORY_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

inline constexpr std::uint64_t kPageSize = 4096;

// Zeroed pages; nullptr: there are none.
void* map_memory(std::size_t size) noexcept;
void unmap_memory(void* memory, std::size_t size) noexcept;

// Can the word at that address be read?
bool is_readable(std::uint64_t address) noexcept;

// How many bytes right below `top` can be read, page by page, at most `limit`.
std::uint64_t readable_below(std::uint64_t top, std::uint64_t limit) noexcept;

// Are all of them zero? False where they can't be read.
bool is_untouched(std::uint64_t low, std::size_t size) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_OWN_MEMORY_HPP
