// The main thread's stack is mapped as it is used. Raw system calls only.
#ifndef THREADFAULT_PRELOAD_STACK_GROWTH_HPP
#define THREADFAULT_PRELOAD_STACK_GROWTH_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// How far below `stack_pointer` main's stack could reach: to its limit (RLIMIT_STACK), or to what
// lies in its way. 0: that is no address in main's stack, or /proc can't be read.
std::uint64_t room_to_grow(std::uint64_t stack_pointer) noexcept;

// How much of that main has never used: below what is mapped so far. `address`: any in main's
// stack.
std::uint64_t never_grown(std::uint64_t address) noexcept;

// The same from the text of /proc/self/maps, given in pieces of any size.
class GrowthParser {
public:
    explicit GrowthParser(std::uint64_t stack_pointer) noexcept : pointer_(stack_pointer) {}
    // True: found, stop feeding.
    bool feed(const char* text, std::size_t size) noexcept;
    std::uint64_t room(std::uint64_t limit) const noexcept { return above(limit, pointer_); }
    std::uint64_t unused(std::uint64_t limit) const noexcept { return above(limit, begin_); }

private:
    bool take_line() noexcept;
    std::uint64_t above(std::uint64_t limit, std::uint64_t address) const noexcept;

    // The addresses and the permissions; of the rest the end alone matters, the name.
    char line_[64] = {};
    std::size_t length_ = 0;
    char tail_[8] = {};  // the last characters of the line
    std::uint64_t pointer_;
    std::uint64_t before_ = 0;  // where the mapping before ends
    std::uint64_t begin_ = 0;   // of main's stack, as far as it is mapped
    std::uint64_t end_ = 0;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STACK_GROWTH_HPP
