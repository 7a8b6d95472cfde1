#include "diagnose/loop_code.hpp"

#include "diagnose/loop_step.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <span>

namespace threadfault::diagnose {
namespace {

constexpr std::size_t kMostLoopCode = 4096;
constexpr std::uint64_t kCodeWindow = 256;

class CodeWalk {
public:
    explicit CodeWalk(const observe::Memory& memory) : memory_(memory) {}

    // False: can't be read, or too much.
    bool reach(std::uint64_t from) {
        std::vector<std::uint64_t> waiting = {from};
        while (!waiting.empty()) {
            const std::uint64_t address = waiting.back();
            waiting.pop_back();
            if (code_.contains(address)) continue;
            if (code_.size() >= kMostLoopCode || !add(address)) return false;
            for (const std::uint64_t next : code_[address].next)
                waiting.push_back(next);
        }
        return true;
    }

    // The shortest way from there back to it; empty: there is none. A loop within others counts
    // without them, and one with several ways through it has been sampled in those that matter.
    std::set<std::uint64_t> turn(std::uint64_t address) const {
        std::map<std::uint64_t, std::uint64_t> came_from;
        std::deque<std::uint64_t> waiting = {address};
        while (!waiting.empty() && !came_from.contains(address)) {
            const std::uint64_t here = waiting.front();
            waiting.pop_front();
            const auto place = code_.find(here);
            if (place == code_.end()) continue;
            for (const std::uint64_t next : place->second.next)
                if (came_from.try_emplace(next, here).second) waiting.push_back(next);
        }
        std::set<std::uint64_t> found;
        if (!came_from.contains(address)) return found;
        for (std::uint64_t at = address; found.insert(at).second;)
            at = came_from[at];
        return found;
    }

    bool is_delay(const std::set<std::uint64_t>& turn) const {
        bool pauses = false;
        for (const std::uint64_t address : turn) {
            const auto place = code_.find(address);
            if (place == code_.end()) return false;
            const LoopStep& step = place->second.step;
            pauses = pauses || step.pauses;
            if (step.calls || step.opaque) return false;
            for (const Operand& target : step.writes) {
                if (!is_frame_register(target.base) || target.index != kNoRegister ||
                    target.thread_local_segment) {
                    return false;
                }
            }
        }
        return pauses;
    }

    std::set<int> address_registers(const std::set<std::uint64_t>& turn) const {
        std::set<int> found;
        for (const std::uint64_t address : turn) {
            const auto place = code_.find(address);
            if (place == code_.end()) continue;
            for (const Operand& operand : place->second.step.touches)
                found.insert({operand.base, operand.index});
        }
        return found;
    }

    bool contains(std::uint64_t address) const { return code_.contains(address); }

    // From there straight on, to where the function returns or jumps.
    void add_straight_on(std::uint64_t address, std::set<std::uint64_t>* found) const {
        for (auto place = code_.find(address); place != code_.end(); place = code_.find(address)) {
            if (!found->insert(address).second || place->second.next.empty()) return;
            address = place->second.next.front();
        }
    }

    void describe(const std::set<std::uint64_t>& loop, LoopCode* out) const {
        for (const std::uint64_t address : loop) {
            const auto place = code_.find(address);
            if (place == code_.end()) continue;
            const LoopStep& step = place->second.step;
            if (step.vectors) out->vectors = true;
            out->writes.insert(out->writes.end(), step.writes.begin(), step.writes.end());
        }
    }

private:
    struct Place {
        LoopStep step;
        std::vector<std::uint64_t> next;
    };

    bool add(std::uint64_t address) {
        unsigned char bytes[kLongestInstruction];
        const std::size_t length = read(address, bytes);
        const auto step = loop_step(std::span(bytes, length), address);
        if (!step) return false;
        Place& place = code_[address];
        place.step = *step;
        using Leads = LoopStep::Leads;
        if (step->leads == Leads::on || step->leads == Leads::either)
            place.next.push_back(address + step->length);
        if (step->leads == Leads::away || step->leads == Leads::either)
            place.next.push_back(step->target);
        return true;
    }

    std::size_t read(std::uint64_t address, unsigned char* bytes) {
        const std::uint64_t page = address / kCodeWindow;
        auto known = windows_.find(page);
        if (known == windows_.end()) {
            std::vector<unsigned char> window(kCodeWindow + kLongestInstruction);
            window.resize(memory_.read_some(page * kCodeWindow, window.data(), window.size()));
            known = windows_.emplace(page, std::move(window)).first;
        }
        const std::size_t offset = address % kCodeWindow;
        if (offset >= known->second.size()) return 0;
        const std::size_t length = std::min(kLongestInstruction, known->second.size() - offset);
        std::copy_n(known->second.begin() + static_cast<std::ptrdiff_t>(offset), length, bytes);
        return length;
    }

    const observe::Memory& memory_;
    std::map<std::uint64_t, Place> code_;
    std::map<std::uint64_t, std::vector<unsigned char>> windows_;
};

}  // namespace

LoopCode code_of_loops(const observe::Memory& memory, const std::set<std::uint64_t>& sampled) {
    LoopCode code;
    CodeWalk walk(memory);
    std::set<std::uint64_t> loop;
    for (const std::uint64_t address : sampled) {
        if (!walk.reach(address)) {
            code.whole = false;
            return code;
        }
    }
    for (const std::uint64_t address : sampled) {
        const std::set<std::uint64_t> turn = walk.turn(address);
        code.address_registers[address] = walk.address_registers(turn);
        if (!turn.empty() && walk.is_delay(turn)) {
            code.delays.insert(turn.begin(), turn.end());
            continue;
        }
        loop.insert(turn.begin(), turn.end());
        // In no loop of its own: in a function that the loop calls.
        if (turn.empty()) walk.add_straight_on(address, &loop);
    }
    for (const std::uint64_t address : code.delays)
        loop.erase(address);
    walk.describe(loop, &code);
    // What such a loop counts is set by the one around it.
    LoopCode counters;
    walk.describe(code.delays, &counters);
    std::erase_if(code.writes, [&](const Operand& one) {
        return std::any_of(counters.writes.begin(), counters.writes.end(),
                           [&](const Operand& other) {
                               return one.base == other.base && one.index == other.index &&
                                      one.value == other.value &&
                                      one.thread_local_segment == other.thread_local_segment;
                           });
    });
    return code;
}

bool leads_to(const observe::Memory& memory, std::uint64_t from, std::uint64_t address) {
    CodeWalk walk(memory);
    walk.reach(from);
    return walk.contains(address);
}

}  // namespace threadfault::diagnose
