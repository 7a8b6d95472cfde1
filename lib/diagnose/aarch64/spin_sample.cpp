#include "diagnose/spin_sample.hpp"

#include "diagnose/loop_code.hpp"
#include "diagnose/loop_step.hpp"
#include "observe/call_instruction.hpp"

#include <cstddef>

namespace threadfault::diagnose {
namespace {

constexpr std::uint64_t kInstructionSize = 4;
constexpr std::size_t kNumber = 8;   // svc takes the call's number from there, and leaves it
constexpr std::size_t kReturn = 30;  // the link register

// At the place or before it: a sample may lie behind the instruction.
template <typename Condition>
bool is_there(const observe::Memory& memory, std::uint64_t place, const Condition& condition) {
    for (const std::uint64_t at : {place, place - kInstructionSize}) {
        const auto word = memory.read<std::uint32_t>(at);
        if (word && condition(*word)) return true;
    }
    return false;
}

// Through a stub of a procedure linkage table, where there is one.
std::uint64_t behind_stub(const observe::Memory& memory, std::uint64_t target) {
    const auto bytes = memory.read<observe::StubBytes>(target);
    const auto slot = bytes ? observe::slot_of_stub(*bytes, target) : std::nullopt;
    return slot ? memory.read<std::uint64_t>(*slot).value_or(target) : target;
}

}  // namespace

long system_call_of(const observe::Memory& memory, const observe::CpuSample& sample) {
    constexpr std::uint32_t kCall = 0xd4000001;  // svc #0
    const auto word = memory.read<std::uint32_t>(sample.instruction_pointer - kInstructionSize);
    if (word != kCall) return -1;
    return static_cast<long>(sample.registers[kNumber]);
}

// The link register keeps what the last call put there: only in a function that has made none yet
// is that the caller. So the call there must lead to the code that the thread is in.
std::optional<std::uint64_t> caller_of(const observe::Memory& memory,
                                       const observe::CpuSample& sample) {
    const std::uint64_t back = sample.registers[kReturn];
    const auto bytes =
        memory.read<observe::BytesBeforeReturn>(back - sizeof(observe::BytesBeforeReturn));
    const auto target = bytes ? observe::direct_target(*bytes, back) : std::nullopt;
    if (!target) return std::nullopt;
    if (!leads_to(memory, behind_stub(memory, *target), sample.instruction_pointer)) {
        return std::nullopt;
    }
    return back - 1;
}

// mrs register, cntvct_el0 or cntvctss_el0
bool is_clock(const observe::Memory& memory, std::uint64_t place) {
    return is_there(memory, place, [](std::uint32_t word) {
        return (word & 0xffffffe0) == 0xd53be040 || (word & 0xffffffe0) == 0xd53be0c0;
    });
}

bool is_pause(const observe::Memory& memory, std::uint64_t place) {
    return is_there(memory, place, [&](std::uint32_t word) {
        unsigned char bytes[sizeof word];
        for (std::size_t i = 0; i < sizeof word; ++i)
            bytes[i] = static_cast<unsigned char>(word >> (8 * i));
        const auto step = loop_step(bytes, 0);
        return step && step->pauses;
    });
}

}  // namespace threadfault::diagnose
