#include "diagnose/clock_loop.hpp"

#include <array>
#include <cstddef>
#include <map>

namespace threadfault::diagnose {
namespace {

enum class Passing : std::uint8_t { nothing, clock, pause };

// A sample lies at the instruction, or behind it.
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

Passing passing_at(const observe::Memory& memory, std::uint64_t place) {
    if (is_there(memory, place, kRdtsc) || is_there(memory, place, kRdtscp)) return Passing::clock;
    return is_pause(memory, place) ? Passing::pause : Passing::nothing;
}

}  // namespace

bool is_pause(const observe::Memory& memory, std::uint64_t place) {
    return is_there(memory, place, kPause);
}

bool mostly_reads_the_clock(const observe::Memory& memory, KernelCode kernel,
                            std::span<const observe::CpuSample> samples) {
    std::map<std::uint64_t, Passing> known;
    std::size_t clocks = 0;
    std::size_t pauses = 0;
    for (const observe::CpuSample& sample : samples) {
        const std::uint64_t place = sample.instruction_pointer;
        const auto [entry, fresh] = known.try_emplace(place, Passing::nothing);
        if (fresh) {
            entry->second = kernel.contains(place) ? Passing::clock : passing_at(memory, place);
        }
        clocks += entry->second == Passing::clock ? 1 : 0;
        pauses += entry->second == Passing::pause ? 1 : 0;
    }
    return clocks * 10 >= samples.size() && (clocks + pauses) * 2 >= samples.size();
}

}  // namespace threadfault::diagnose
