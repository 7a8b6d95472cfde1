#include "diagnose/spin_states.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace threadfault::diagnose {
namespace {

using observe::CpuSample;

// Numbers of turns that copies of one count may lie apart: the one before and the one after an
// addition, or one that is kept in steps.
constexpr std::uint64_t kApart = 64;
// As far as loops count that look at something else in between.
constexpr std::uint64_t kShortRange = 1 << 24;

std::vector<std::uint64_t> values_of(std::span<const CpuSample> samples, std::size_t which) {
    std::vector<std::uint64_t> values;
    values.reserve(samples.size());
    for (const CpuSample& sample : samples)
        values.push_back(sample.registers[which]);
    return values;
}

using SamplesAtPlaces = std::map<std::uint64_t, std::vector<CpuSample>>;

SamplesAtPlaces by_place(std::span<const CpuSample> samples) {
    SamplesAtPlaces places;
    for (const CpuSample& sample : samples)
        places[sample.instruction_pointer].push_back(sample);
    return places;
}

bool moves(std::span<const std::uint64_t> values) {
    return std::set(values.begin(), values.end()).size() > values.size() / 3;
}

bool are_copies(std::span<const CpuSample> samples, std::size_t one, std::size_t other) {
    const auto lie_together = [&](const CpuSample& sample) {
        const std::uint64_t apart = sample.registers[one] - sample.registers[other];
        return apart <= kApart || -apart <= kApart;
    };
    const auto count = std::count_if(samples.begin(), samples.end(), lie_together);
    return static_cast<std::size_t>(count) * 20 >= samples.size() * 19;
}

}  // namespace

SampleState state_of(const CpuSample& sample) {
    return {sample.instruction_pointer, std::to_array(sample.registers)};
}

bool comes_back_to_the_same(std::span<const CpuSample> samples,
                            const std::set<std::uint64_t>& delays,
                            const RegistersAtPlaces& ignored) {
    std::set<SampleState> states;
    std::size_t late = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        SampleState state = state_of(samples[i]);
        if (const auto there = ignored.find(state.first); there != ignored.end())
            for (const std::size_t which : there->second)
                state.second[which] = 0;
        if (delays.contains(state.first)) state = {*delays.begin(), {}};
        const bool is_new = states.insert(state).second;
        if (is_new && i >= samples.size() / 2) ++late;
    }
    return late <= samples.size() / 10 && states.size() <= samples.size() / 3;
}

bool only_counts(std::span<const std::uint64_t> values) {
    if (values.empty()) return true;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*high - *low <= kShortRange) return true;
    std::size_t rises = 0;
    std::size_t falls = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t k = i + 1; k < values.size(); ++k) {
            rises += values[k] > values[i] ? 1 : 0;
            falls += values[k] < values[i] ? 1 : 0;
        }
    }
    // The samples come from two sources, and are in order only for each. Of numbers without any
    // order, half of the pairs would be the other way round.
    return std::min(rises, falls) * 10 <= rises + falls;
}

std::optional<RegistersAtPlaces> counting_registers(std::span<const CpuSample> samples) {
    RegistersAtPlaces counting;
    std::set<std::size_t> anywhere;
    const SamplesAtPlaces places = by_place(samples);
    for (const auto& [place, there] : places) {
        if (there.size() < kEnoughOfOnePlace) continue;
        std::set<std::size_t>& found = counting[place];
        for (std::size_t which = 0; which < observe::kSampledRegisters; ++which) {
            const std::vector<std::uint64_t> values = values_of(there, which);
            if (!moves(values)) continue;
            if (!only_counts(values)) return std::nullopt;
            if (!found.empty() && !are_copies(there, *found.begin(), which)) return std::nullopt;
            found.insert(which);
        }
        anywhere.insert(found.begin(), found.end());
    }
    for (const auto& [place, there] : places)
        if (there.size() < kEnoughOfOnePlace) counting[place] = anywhere;
    return counting;
}

}  // namespace threadfault::diagnose
