#include "diagnose/clock_loop.hpp"

#include <cstddef>
#include <map>

namespace threadfault::diagnose {
namespace {

enum class Passing : std::uint8_t { nothing, clock, pause };

#if defined(__x86_64__)

// A sample lies at the instruction that takes the time, or behind it.
Passing passing_at(const observe::Memory& memory, std::uint64_t place) {
    unsigned char bytes[6] = {};  // three before it, three at it
    if (!memory.read(place - 3, bytes, sizeof bytes)) return Passing::nothing;
    const auto is_rdtsc = [&](int at) { return bytes[at] == 0x0f && bytes[at + 1] == 0x31; };
    const auto is_rdtscp = [&](int at) {
        return bytes[at] == 0x0f && bytes[at + 1] == 0x01 && bytes[at + 2] == 0xf9;
    };
    if (is_rdtsc(1) || is_rdtsc(3) || is_rdtscp(0) || is_rdtscp(3)) return Passing::clock;
    const auto is_pause = [&](int at) { return bytes[at] == 0xf3 && bytes[at + 1] == 0x90; };
    return is_pause(1) || is_pause(3) ? Passing::pause : Passing::nothing;
}

#else

Passing passing_at(const observe::Memory&, std::uint64_t) {
    return Passing::nothing;
}

#endif

}  // namespace

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
