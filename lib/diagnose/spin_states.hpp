// What changes while a thread runs in a loop, by samples of its registers.
#ifndef THREADFAULT_DIAGNOSE_SPIN_STATES_HPP
#define THREADFAULT_DIAGNOSE_SPIN_STATES_HPP

#include "observe/cpu_samples.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace threadfault::diagnose {

using SampleState = std::pair<std::uint64_t, std::array<std::uint64_t, observe::kSampledRegisters>>;
// By the address of the instruction: registers, by the index that CpuSample has. One is used for
// several things in a loop.
using RegistersAtPlaces = std::map<std::uint64_t, std::set<std::size_t>>;

// Fewer say nothing of what moves there.
inline constexpr std::size_t kEnoughOfOnePlace = 8;  // samples

SampleState state_of(const observe::CpuSample& sample);

// A loop with nothing new in it shows all its states early. One that computes shows others for as
// long as it is looked at. Samples at an address of `delays` count as one state; registers of
// `ignored` count as having one value.
bool comes_back_to_the_same(std::span<const observe::CpuSample> samples,
                            const std::set<std::uint64_t>& delays,
                            const RegistersAtPlaces& ignored);

// The registers that hold nothing but a loop's count of its own turns, and copies of it.
// std::nullopt: more than that moves.
std::optional<RegistersAtPlaces> counting_registers(std::span<const observe::CpuSample> samples);

// Are the values, in the order of time, those of a count? They only rise, or only fall, or begin
// anew at the end of a short range.
bool only_counts(std::span<const std::uint64_t> values);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SPIN_STATES_HPP
