#include "diagnose/clock_loop.hpp"

#include "diagnose/spin_sample.hpp"

#include <cstddef>
#include <map>

namespace threadfault::diagnose {
namespace {

enum class Passing : std::uint8_t { nothing, clock, pause };

Passing passing_at(const observe::Memory& memory, std::uint64_t place) {
    if (is_clock(memory, place)) return Passing::clock;
    return is_pause(memory, place) ? Passing::pause : Passing::nothing;
}

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
