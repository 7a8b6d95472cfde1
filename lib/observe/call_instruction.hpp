// What a call instruction calls: read backwards from the address that it returns to. Each machine
// has its own (x86_64/, aarch64/).
#ifndef THREADFAULT_OBSERVE_CALL_INSTRUCTION_HPP
#define THREADFAULT_OBSERVE_CALL_INSTRUCTION_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace threadfault::observe {

// The bytes that end where the call returns to.
using BytesBeforeReturn = std::array<unsigned char, 16>;

// A call of an address that stands in it: where it leads.
std::optional<std::uint64_t> direct_target(const BytesBeforeReturn& bytes,
                                           std::uint64_t return_address);

// A call through a slot that the code names: the slot.
std::optional<std::uint64_t> called_slot(const BytesBeforeReturn& bytes,
                                         std::uint64_t return_address);

// A call through a register, or through memory that a register points to.
bool is_indirect_call(const BytesBeforeReturn& bytes);

// The bytes that end where a call begins (arch::kDirectCall and kSlotCall bytes before its end):
// the constant that the first argument was given right there.
std::optional<std::uint64_t> first_argument(const BytesBeforeReturn& bytes,
                                            std::uint64_t call_address);

// The longest stub of a procedure linkage table, up to its jump's end.
using StubBytes = std::array<unsigned char, 12>;

// The slot that the stub at `address` jumps through.
std::optional<std::uint64_t> slot_of_stub(const StubBytes& bytes, std::uint64_t address);

// Where the jumps in a function lead that may lead out of it, with a condition or without. What
// only looks like a jump, in the middle of an instruction, may be among them.
std::vector<std::uint64_t> jump_targets(std::span<const unsigned char> code, std::uint64_t address);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CALL_INSTRUCTION_HPP
