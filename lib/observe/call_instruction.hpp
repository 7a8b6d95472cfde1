// What a call instruction calls: read backwards from the address that it returns to (Intel 64
// manual, volume 2A, CALL; System V ABI for x86-64, procedure linkage table).
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

// `call rel32` (also with a prefix): where it leads.
std::optional<std::uint64_t> direct_target(const BytesBeforeReturn& bytes,
                                           std::uint64_t return_address);

// `call *slot(%rip)`, `call *slot` in 32 bits, `mov slot(%rip),%rax; call *%rax`: the slot.
std::optional<std::uint64_t> called_slot(const BytesBeforeReturn& bytes,
                                         std::uint64_t return_address);

// A call through a register, or through memory that a register points to.
bool is_indirect_call(const BytesBeforeReturn& bytes);

// The bytes that end where a call instruction begins: the constant that the first argument was
// given right there (lea object(%rip),%rdi, or by way of %rax; mov $object,%edi).
std::optional<std::uint64_t> first_argument(const BytesBeforeReturn& bytes,
                                            std::uint64_t call_address);

// The longest stub of a procedure linkage table, up to its jump's end.
using StubBytes = std::array<unsigned char, 12>;

// [endbr64] [bnd] jmp *slot(%rip): the slot that the stub at `address` jumps through.
std::optional<std::uint64_t> slot_of_stub(const StubBytes& bytes, std::uint64_t address);

// Where the jumps in a function lead that have four bytes of distance, with a condition or without.
// What only looks like a jump, in the middle of an instruction, is among them.
std::vector<std::uint64_t> jump_targets(std::span<const unsigned char> code, std::uint64_t address);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CALL_INSTRUCTION_HPP
