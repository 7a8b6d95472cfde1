#include "diagnose/spin_loop.hpp"

#include "diagnose/loop_code.hpp"
#include "diagnose/loop_step.hpp"
#include "diagnose/spin_sample.hpp"
#include "diagnose/spin_states.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;
using observe::CpuSample;

bool only_yields(const observe::Memory& memory, std::span<const CpuSample> samples) {
    return std::all_of(samples.begin(), samples.end(), [&](const CpuSample& sample) {
        const long number = system_call_of(memory, sample);
        return number == -1 || number == SYS_sched_yield;
    });
}

// As a loop does that only passes the time, between two looks at a lock.
bool pauses(const observe::Memory& memory, std::span<const CpuSample> samples) {
    std::set<std::uint64_t> seen;
    return std::any_of(samples.begin(), samples.end(), [&](const CpuSample& sample) {
        const std::uint64_t place = sample.instruction_pointer;
        return seen.insert(place).second && is_pause(memory, place);
    });
}

std::uint64_t sampled_address(const Operand& operand, const CpuSample& sample) {
    std::uint64_t address = operand.value;
    if (operand.base != kNoRegister) address += sample.registers[operand.base];
    if (operand.index != kNoRegister) address += sample.registers[operand.index] * operand.scale;
    return address;
}

constexpr int kMemoryLooks = 24;
constexpr int kMostPauses = 600;  // of a little more than a millisecond
constexpr std::size_t kFew = 6;
constexpr std::size_t kMostAddresses = 256;

// What the loop writes: where, and how much there. std::nullopt: it can't be told.
struct Written {
    std::size_t size = 0;
    bool own_frame = true;  // addressed by the stack pointer or the frame's only
};
using WrittenPlaces = std::map<std::uint64_t, Written>;

// Asks once of each page.
class MappedPages {
public:
    explicit MappedPages(const observe::Memory& memory) : memory_(memory) {}
    bool has(std::uint64_t address) {
        const auto [known, is_new] = pages_.try_emplace(address / kPage);
        if (is_new) known->second = memory_.read<unsigned char>(address).has_value();
        return known->second;
    }

private:
    static constexpr std::uint64_t kPage = 4096;
    const observe::Memory& memory_;
    std::map<std::uint64_t, bool> pages_;
};

// An operand is looked at with the registers of all samples. Where one has something else than an
// address there, as a count of the turns in a register that a function in the loop uses for an
// address later on, that leads nowhere: a thread that wrote there would not live.
std::optional<WrittenPlaces> written_places(const observe::Memory& memory,
                                            const std::vector<Operand>& writes,
                                            std::span<const CpuSample> samples,
                                            const SpinSurroundings& around) {
    std::map<SampleState, CpuSample> states;
    for (const CpuSample& sample : samples)
        states.try_emplace(state_of(sample), sample);
    WrittenPlaces places;
    MappedPages mapped(memory);
    for (const Operand& operand : writes) {
        std::uint64_t segment = 0;
        if (operand.thread_local_segment) {
            if (!around.thread_pointer) return std::nullopt;
            segment = *around.thread_pointer;
        }
        const bool own_frame =
            is_frame_register(operand.base) && operand.index == kNoRegister && segment == 0;
        for (const auto& [state, sample] : states) {
            const std::uint64_t address = segment + sampled_address(operand, sample);
            if (!mapped.has(address)) continue;
            Written& place = places[address];
            place.size = std::max<std::size_t>(place.size, operand.size);
            place.own_frame = place.own_frame && own_frame;
            if (places.size() > kMostAddresses) return std::nullopt;
        }
    }
    return places;
}

// A counter has another value each time; a lock's word, or what is put there again and again, has
// one of a few. A count of the turns that nobody else sees, in the thread's own frame, is none.
// std::nullopt: the thread ran too little meanwhile.
std::optional<bool> memory_moves_on(const observe::Memory& memory, const WrittenPlaces& places,
                                    const observe::RunCounter* runs) {
    std::map<std::uint64_t, std::vector<std::uint64_t>> values;
    int looks = 0;
    std::optional<observe::RunCount> before;
    for (int pause = 0; looks < kMemoryLooks && pause < kMostPauses; ++pause) {
        // Of no common measure with anything.
        std::this_thread::sleep_for(1ms + std::chrono::microseconds(37 * (pause % kMemoryLooks)));
        const auto now = runs != nullptr ? runs->read() : std::nullopt;
        if (now && now == before) continue;
        before = now;
        ++looks;
        for (const auto& [address, written] : places) {
            // Not more: a neighbour may be what a loop that is left out counts.
            std::uint64_t value = 0;
            const bool known = written.size != 0 && written.size < sizeof value;
            if (memory.read(address, &value, known ? written.size : sizeof value)) {
                values[address].push_back(value);
            }
        }
    }
    if (looks < kMemoryLooks) return std::nullopt;
    bool counts = false;
    for (const auto& [address, seen] : values) {
        if (std::set(seen.begin(), seen.end()).size() <= kFew) continue;
        if (counts || !places.at(address).own_frame || !only_counts(seen)) return true;
        counts = true;
    }
    return false;
}

// A loop that goes through memory counts, too: is one of the registers an address in it? Where few
// samples lie, the register may be used for something else, as in a function that the loop calls.
bool are_addresses(const RegistersAtPlaces& counting, const LoopCode& code,
                   std::span<const CpuSample> samples) {
    std::map<std::uint64_t, std::size_t> counts;
    for (const CpuSample& sample : samples)
        ++counts[sample.instruction_pointer];
    return std::any_of(counting.begin(), counting.end(), [&](const auto& there) {
        const auto addresses = code.address_registers.find(there.first);
        if (addresses == code.address_registers.end()) return false;
        if (counts[there.first] < kEnoughOfOnePlace) return false;
        return std::any_of(there.second.begin(), there.second.end(), [&](std::size_t which) {
            return addresses->second.contains(static_cast<int>(which));
        });
    });
}

// The places that were met, the most frequent first.
std::vector<std::uint64_t> by_frequency(std::span<const CpuSample> samples) {
    std::map<std::uint64_t, std::size_t> counts;
    for (const CpuSample& sample : samples)
        ++counts[sample.instruction_pointer];
    std::vector<std::uint64_t> places;
    places.reserve(counts.size());
    for (const auto& [place, count] : counts)
        places.push_back(place);
    std::stable_sort(places.begin(), places.end(),
                     [&](std::uint64_t a, std::uint64_t b) { return counts[a] > counts[b]; });
    return places;
}

}  // namespace

SpinFinding find_spin(const observe::Memory& memory, std::span<const CpuSample> samples,
                      const SpinSurroundings& around) {
    using Kind = SpinFinding::Kind;
    if (samples.size() < kSamplesToJudge) return {};
    bool comes_back = comes_back_to_the_same(samples, {}, {});
    SpinFinding finding{Kind::spins, by_frequency(samples)};
    if (!only_yields(memory, samples)) return {Kind::gets_on};
    if (mostly_reads_the_clock(memory, around.kernel_code, samples)) return finding;
    std::optional<RegistersAtPlaces> counting;
    if (!comes_back) {
        counting = counting_registers(samples);
        comes_back = counting && comes_back_to_the_same(samples, {}, *counting);
    }
    if (!comes_back && !pauses(memory, samples)) return {Kind::gets_on};
    std::set<std::uint64_t> sampled;
    for (const CpuSample& sample : samples) {
        if (!sampled.insert(sample.instruction_pointer).second) continue;
        // The loop may be in a function that is itself hardly ever met.
        if (const auto caller = caller_of(memory, sample)) sampled.insert(*caller + 1);
    }
    const LoopCode code = code_of_loops(memory, sampled);
    if (!comes_back && (code.delays.empty() || !comes_back_to_the_same(samples, code.delays, {}))) {
        return {Kind::gets_on};
    }
    if (!code.whole) return {};
    if (code.vectors || (counting && are_addresses(*counting, code, samples)))
        return {Kind::gets_on};
    const auto places = written_places(memory, code.writes, samples, around);
    if (!places) return {Kind::gets_on};
    const auto moves_on = memory_moves_on(memory, *places, around.runs);
    if (!moves_on) return {};
    if (*moves_on) return {Kind::gets_on};
    // A loop in the program says more than libc's function that it calls.
    for (const CpuSample& sample : samples) {
        if (sample.instruction_pointer != finding.places.front()) continue;
        if (const auto caller = caller_of(memory, sample)) finding.caller = *caller;
        break;
    }
    return finding;
}

}  // namespace threadfault::diagnose
