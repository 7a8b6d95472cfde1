// An instruction as far as a loop's progress depends on it: where it leads, and what it touches.
// Each machine has its own (x86_64/, aarch64/).
#ifndef THREADFAULT_DIAGNOSE_LOOP_STEP_HPP
#define THREADFAULT_DIAGNOSE_LOOP_STEP_HPP

#include "diagnose/instruction.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace threadfault::diagnose {

struct LoopStep {
    enum class Leads : std::uint8_t {
        on,       // to the next one, also after a call
        away,     // to `target`
        either,   // to the next one or to `target`
        nowhere,  // out of the function, or nobody knows where to
    };
    Leads leads = Leads::on;
    std::uint8_t length = 0;
    bool calls = false;
    bool opaque = false;   // only its length and its operands are known
    bool vectors = false;  // computes in vector or floating-point registers
    bool pauses = false;   // only passes the time
    std::uint64_t target = 0;
    // Operands in memory: those that it may write, and all that it reads or writes.
    std::vector<Operand> writes;
    std::vector<Operand> touches;
};

// `bytes` begin at `address`. std::nullopt: no instruction, none that is known, or more bytes are
// needed.
std::optional<LoopStep> loop_step(std::span<const unsigned char> bytes, std::uint64_t address);

// Is it the stack pointer or the frame pointer, as operands and samples number registers?
bool is_frame_register(int number);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_LOOP_STEP_HPP
