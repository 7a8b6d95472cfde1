// Machine instructions, decoded (x86_64/; of aarch64 none are yet) as far as a walk over a
// handler's code needs it: the length of every one, and the operands of those that move, compute,
// compare and branch. Loops need less (loop_step.hpp), of both machines.
#ifndef THREADFAULT_DIAGNOSE_INSTRUCTION_HPP
#define THREADFAULT_DIAGNOSE_INSTRUCTION_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace threadfault::diagnose {

enum class Opcode : std::uint8_t {
    other,  // decoded for its length, and for what it may write: destination, source and `wild`
    nothing,
    move,          // destination, source
    move_zero,     // the source is shorter and gets zeroes
    move_sign,     // the source is shorter and gets its sign
    load_address,  // lea
    add,           // destination, source; likewise the next four
    subtract,
    bit_and,
    bit_or,
    bit_xor,
    compare,  // subtract, but for the flags alone
    test,     // bit_and, but for the flags alone
    increment,
    decrement,
    push,
    pop,
    leave,
    set_if,         // setcc
    move_if,        // cmovcc
    call,           // to `target`
    jump,           // to `target`
    jump_if,        // to `target`, by `condition`
    call_indirect,  // to what the source holds
    jump_indirect,
    loop,  // loop, jrcxz: a branch by a count
    ret,
    trap,  // ud2, int3, hlt
};

inline constexpr int kNoRegister = -1;

struct Operand {
    enum class Kind : std::uint8_t { none, general, memory, immediate };
    Kind kind = Kind::none;
    std::uint8_t size = 0;   // bytes
    bool high_byte = false;  // ah, ch, dh, bh
    // general: its number, as instructions have it (x86-64: ModRM and REX, 0 rax, 1 rcx, 2 rdx,
    // 3 rbx, 4 rsp, 5 rbp, …; aarch64: x0 to x30, and 31 the stack pointer).
    // memory: base.
    int base = kNoRegister;
    int index = kNoRegister;
    std::uint8_t scale = 1;
    bool thread_local_segment = false;  // fs: or gs:
    // immediate: its value. memory: the displacement; without a base and an index the address.
    std::uint64_t value = 0;
};

struct Instruction {
    Opcode opcode = Opcode::other;
    std::uint8_t length = 0;
    std::uint8_t condition = 0;  // the low four bits of jcc's opcode
    Operand destination;
    Operand source;
    std::uint64_t target = 0;
    bool wild = false;  // may write any general register but rsp and rbp
};

inline constexpr std::size_t kLongestInstruction = 15;

// `bytes` begin at `address`. std::nullopt: no instruction, or more bytes are needed.
std::optional<Instruction> decode(std::span<const unsigned char> bytes, std::uint64_t address);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_INSTRUCTION_HPP
