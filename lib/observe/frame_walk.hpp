// Internal to lib/observe: from frame to frame on a sleeping thread's stack, by the unwind tables.
#ifndef THREADFAULT_OBSERVE_FRAME_WALK_HPP
#define THREADFAULT_OBSERVE_FRAME_WALK_HPP

#include "observe/code_places.hpp"
#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace threadfault::observe {

// The part of a stack that was read beforehand, and what is read when it is needed.
class StackWords {
public:
    StackWords(const Memory& memory, std::uint64_t address, std::span<const std::uint64_t> words)
        : memory_(memory), address_(address), words_(words) {}

    std::optional<std::uint64_t> word(std::uint64_t address) const;

private:
    const Memory& memory_;
    std::uint64_t address_;
    std::span<const std::uint64_t> words_;
};

// One frame after the other, innermost first.
class FrameWalk {
public:
    FrameWalk(CodePlaces& places, const StackWords& stack, const TaskSyscall& call,
              std::size_t scanned_words)
        : places_(places),
          stack_(stack),
          scanned_words_(scanned_words),
          address_(call.instruction_pointer),
          stack_pointer_(call.stack_pointer),
          place_(&places.at(address_, false)) {}

    const CodePlace& place() const noexcept { return *place_; }
    std::uint64_t address() const noexcept { return address_; }
    // An address within the function, also behind a call that ends it.
    std::uint64_t inside() const noexcept { return returned_ ? address_ - 1 : address_; }
    // Of this frame, where its caller's begins.
    std::uint64_t stack_pointer() const noexcept { return stack_pointer_; }
    // As this frame has it; nothing: no frame has saved it so far.
    std::optional<std::uint64_t> frame_pointer() const noexcept { return frame_pointer_; }

    bool to_caller();

    // The frame pointer that a function has whose frame ends by it and which no frame further in
    // has saved; nothing: no place on the stack can be it.
    std::optional<std::uint64_t> find_frame_pointer() const;

private:
    bool leads_back_into(const FrameRule& rule, std::uint64_t saved) const;

    CodePlaces& places_;
    const StackWords& stack_;
    std::size_t scanned_words_;
    std::uint64_t address_;
    std::uint64_t stack_pointer_;
    bool returned_ = false;
    std::optional<std::uint64_t> frame_pointer_;
    const CodePlace* place_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_FRAME_WALK_HPP
