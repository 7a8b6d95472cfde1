// Stacks of goroutines, which lie in Go's heap and have no room for a signal's frame.
#ifndef THREADFAULT_ATTACH_GO_STACKS_HPP
#define THREADFAULT_ATTACH_GO_STACKS_HPP

#include "observe/process.hpp"

#include <cstdint>

namespace threadfault::attach {

constexpr bool is_on_go_stack(std::uint64_t stack_pointer) noexcept {
    constexpr std::uint64_t kGoHeap = 0xc0;
    return stack_pointer >> 32 >= kGoHeap && stack_pointer >> 40 == 0;
}

// A part of the first thread's stack that nobody comes near to: its upper end, 0 for none.
std::uint64_t unused_stack(const observe::Process& process);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_GO_STACKS_HPP
