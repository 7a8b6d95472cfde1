#include "diagnose/spin_sample.hpp"

#include "diagnose/machine.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace threadfault::diagnose {
namespace {

constexpr int kRcx = 1;

template <std::size_t kSize>
bool is_there(const observe::Memory& memory, std::uint64_t place,
              const std::array<unsigned char, kSize>& instruction) {
    using Code = std::array<unsigned char, kSize>;
    return memory.read<Code>(place) == instruction ||
           memory.read<Code>(place - kSize) == instruction;
}

// Intel 64 manual, volume 2B.
constexpr std::array<unsigned char, 2> kRdtsc = {0x0f, 0x31};
constexpr std::array<unsigned char, 3> kRdtscp = {0x0f, 0x01, 0xf9};
constexpr std::array<unsigned char, 2> kPause = {0xf3, 0x90};

}  // namespace

// The instruction leaves its own end in rcx.
long system_call_of(const observe::Memory& memory, const observe::CpuSample& sample) {
    const std::uint64_t end = sample.instruction_pointer;
    if (sample.registers[kRcx] != end) return -1;
    unsigned char bytes[7];
    if (!memory.read(end - sizeof bytes, bytes, sizeof bytes)) return -2;
    if (bytes[5] != 0x0f || bytes[6] != 0x05) return -1;
    if (bytes[0] != 0xb8) return -2;  // mov eax, number
    std::uint32_t number = 0;
    std::memcpy(&number, bytes + 1, sizeof number);
    return static_cast<long>(number);
}

// The return address, if it lies at the top of the stack and behind a call.
std::optional<std::uint64_t> caller_of(const observe::Memory& memory,
                                       const observe::CpuSample& sample) {
    const auto back = memory.read<std::uint64_t>(sample.registers[kRsp]);
    unsigned char bytes[6];
    if (!back || !memory.read(*back - sizeof bytes, bytes, sizeof bytes)) return std::nullopt;
    const bool direct = bytes[1] == 0xe8;
    // call through a register or a slot: ff /2
    const auto indirect = [](unsigned char first, unsigned char second) {
        return first == 0xff && (second & 0x38) == 0x10;
    };
    if (!direct && !indirect(bytes[0], bytes[1]) && !indirect(bytes[3], bytes[4]) &&
        !indirect(bytes[4], bytes[5])) {
        return std::nullopt;
    }
    return *back - 1;
}

bool is_clock(const observe::Memory& memory, std::uint64_t place) {
    return is_there(memory, place, kRdtsc) || is_there(memory, place, kRdtscp);
}

bool is_pause(const observe::Memory& memory, std::uint64_t place) {
    return is_there(memory, place, kPause);
}

}  // namespace threadfault::diagnose
