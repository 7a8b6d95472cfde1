// How to get from a frame to its caller's, from the unwind tables that a module has in memory
// (.eh_frame_hdr, .eh_frame: Linux Standard Base 5.0, 10.6; call frame instructions: DWARF 4, 6.4).
// Only what the frame's end and the frame pointer need: no other register is followed.
#ifndef THREADFAULT_OBSERVE_UNWIND_RULES_HPP
#define THREADFAULT_OBSERVE_UNWIND_RULES_HPP

#include "observe/memory.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace threadfault::observe {

struct FrameRule {
    std::uint64_t begin = 0;  // of the function, or of the part of it that has an entry of its own
    std::uint64_t end = 0;
    // The frame's end counts from the frame pointer, else from the stack pointer.
    bool by_frame_pointer = false;
    std::int64_t size = 0;  // to the frame's end
    // Where the caller's frame pointer and the return address are, from the end. Without: in their
    // registers still.
    std::optional<std::int64_t> frame_pointer_at;
    std::optional<std::int64_t> return_address_at;
};

// The tables of one module. Not thread-safe; cheap until asked.
class UnwindRules {
public:
    UnwindRules() = default;
    // `header`: the address of .eh_frame_hdr.
    UnwindRules(const Memory& memory, std::uint64_t header) : memory_(&memory), header_(header) {}
    // Of a module that has no such search table: its .eh_frame, read through once.
    UnwindRules(const Memory& memory, std::uint64_t frames, std::uint64_t size)
        : memory_(&memory), frames_(frames), size_(size) {}

    // std::nullopt: no entry, or one that says more than is understood here.
    std::optional<FrameRule> at(std::uint64_t address);

private:
    struct Entry {
        std::uint64_t begin = 0;
        std::uint64_t record = 0;
    };
    std::optional<std::uint64_t> search_header(std::uint64_t address);
    std::optional<std::uint64_t> search_frames(std::uint64_t address);
    void read_frames();

    const Memory* memory_ = nullptr;
    std::uint64_t header_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t size_ = 0;
    bool read_ = false;
    std::uint64_t first_ = 0;  // address of the first entry of the search table
    std::uint64_t count_ = 0;
    std::vector<Entry> entries_;  // of frames_, ascending
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_UNWIND_RULES_HPP
