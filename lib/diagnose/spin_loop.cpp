#include "diagnose/spin_loop.hpp"

#include "diagnose/loop_code.hpp"
#include "diagnose/machine.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstring>
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
using SampleState = std::pair<std::uint64_t, std::array<std::uint64_t, observe::kSampledRegisters>>;

SampleState state_of(const CpuSample& sample) {
    return {sample.instruction_pointer, std::to_array(sample.registers)};
}

// A loop with nothing new in it shows all its states early. One that computes shows others for as
// long as it is looked at.
bool comes_back_to_the_same(std::span<const CpuSample> samples,
                            const std::set<std::uint64_t>& delays) {
    std::set<SampleState> states;
    std::size_t late = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        SampleState state = state_of(samples[i]);
        if (delays.contains(state.first)) state = {*delays.begin(), {}};
        const bool is_new = states.insert(state).second;
        if (is_new && i >= samples.size() / 2) ++late;
    }
    return late <= samples.size() / 20 && states.size() <= samples.size() / 3;
}

#if defined(__x86_64__)

constexpr int kRcx = 1;

// The number of the system call that the thread is in or has just come back from: the instruction
// leaves its own end in rcx. -1: it is in none; -2: in one whose number can't be told.
long system_call_of(const observe::Memory& memory, const CpuSample& sample) {
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

bool only_yields(const observe::Memory& memory, std::span<const CpuSample> samples) {
    std::map<std::uint64_t, long> known;
    return std::all_of(samples.begin(), samples.end(), [&](const CpuSample& sample) {
        if (sample.registers[kRcx] != sample.instruction_pointer) return true;
        const auto [entry, fresh] = known.try_emplace(sample.instruction_pointer);
        if (fresh) entry->second = system_call_of(memory, sample);
        return entry->second == -1 || entry->second == SYS_sched_yield;
    });
}

// As a loop does that only passes the time, between two looks at a lock.
bool pauses(const observe::Memory& memory, std::span<const CpuSample> samples) {
    constexpr std::uint16_t kPause = 0x90f3;
    std::set<std::uint64_t> seen;
    return std::any_of(samples.begin(), samples.end(), [&](const CpuSample& sample) {
        const std::uint64_t place = sample.instruction_pointer;
        return seen.insert(place).second && (memory.read<std::uint16_t>(place) == kPause ||
                                             memory.read<std::uint16_t>(place - 2) == kPause);
    });
}

std::uint64_t sampled_address(const Operand& operand, const CpuSample& sample) {
    std::uint64_t address = operand.value;
    if (operand.base != kNoRegister) address += sample.registers[operand.base];
    if (operand.index != kNoRegister) address += sample.registers[operand.index] * operand.scale;
    return address;
}

constexpr int kMemoryLooks = 24;
constexpr std::size_t kFew = 6;
constexpr std::size_t kMostAddresses = 256;

// A counter has another value each time; a lock's word, or what is put there again and again, has
// one of a few.
bool memory_moves_on(const observe::Memory& memory, const std::vector<Operand>& writes,
                     std::span<const CpuSample> samples) {
    std::map<SampleState, CpuSample> states;
    for (const CpuSample& sample : samples)
        states.try_emplace(state_of(sample), sample);
    std::map<std::uint64_t, std::size_t> addresses;  // and how much is written there
    for (const Operand& operand : writes) {
        // The thread's own variables (%fs) lie where its registers don't tell.
        if (operand.thread_local_segment) return true;
        for (const auto& [state, sample] : states) {
            std::size_t& size = addresses[sampled_address(operand, sample)];
            size = std::max<std::size_t>(size, operand.size);
            if (addresses.size() > kMostAddresses) return true;
        }
    }
    std::map<std::uint64_t, std::set<std::uint64_t>> values;
    for (int look = 0; look < kMemoryLooks; ++look) {
        for (const auto& [address, size] : addresses) {
            // Not more: a neighbour may be what a loop that is left out counts.
            std::uint64_t value = 0;
            const bool known = size != 0 && size < sizeof value;
            if (memory.read(address, &value, known ? size : sizeof value)) {
                values[address].insert(value);
            }
        }
        // Of no common measure with anything.
        std::this_thread::sleep_for(1ms + std::chrono::microseconds(37 * look));
    }
    return std::any_of(values.begin(), values.end(),
                       [](const auto& seen) { return seen.second.size() > kFew; });
}

// Where a function that was only called has been called from: its return address, if that lies at
// the top of the stack behind a call.
std::optional<std::uint64_t> caller_of(const observe::Memory& memory, const CpuSample& sample) {
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

#endif

std::uint64_t most_frequent(std::span<const CpuSample> samples) {
    std::map<std::uint64_t, std::size_t> counts;
    for (const CpuSample& sample : samples)
        ++counts[sample.instruction_pointer];
    const auto most =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most->first;
}

}  // namespace

SpinFinding find_spin(const observe::Memory& memory, std::span<const CpuSample> samples) {
    using Kind = SpinFinding::Kind;
    if (samples.size() < kSamplesToJudge) return {};
    const bool comes_back = comes_back_to_the_same(samples, {});
    SpinFinding finding{Kind::spins, most_frequent(samples)};
#if defined(__x86_64__)
    if (!comes_back && !pauses(memory, samples)) return {Kind::gets_on};
    if (!only_yields(memory, samples)) return {Kind::gets_on};
    std::set<std::uint64_t> sampled;
    for (const CpuSample& sample : samples) {
        if (!sampled.insert(sample.instruction_pointer).second) continue;
        // The loop may be in a function that is itself hardly ever met.
        if (const auto caller = caller_of(memory, sample)) sampled.insert(*caller + 1);
    }
    const LoopCode code = code_of_loops(memory, sampled);
    if (!comes_back && (code.delays.empty() || !comes_back_to_the_same(samples, code.delays))) {
        return {Kind::gets_on};
    }
    if (!code.whole) return {};
    if (code.vectors || memory_moves_on(memory, code.writes, samples)) return {Kind::gets_on};
    // A loop in the program says more than libc's function that it calls.
    for (const CpuSample& sample : samples) {
        if (sample.instruction_pointer != finding.place) continue;
        if (const auto caller = caller_of(memory, sample)) finding.caller = *caller;
        break;
    }
#else
    if (!comes_back) return {Kind::gets_on};
#endif
    return finding;
}

}  // namespace threadfault::diagnose
