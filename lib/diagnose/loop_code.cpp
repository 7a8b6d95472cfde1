#include "diagnose/loop_code.hpp"

#include "diagnose/machine.hpp"

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

bool is_vector_code(std::span<const unsigned char> bytes) {
    std::size_t at = 0;
    const auto is_prefix = [](unsigned char byte) {
        return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0 || byte == 0x2e ||
               byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 ||
               byte == 0x67;
    };
    while (at < bytes.size() && is_prefix(bytes[at]))
        ++at;
    if (at < bytes.size() && (bytes[at] & 0xf0) == 0x40) ++at;
    if (at >= bytes.size()) return false;
    const unsigned char first = bytes[at];
    // VEX and EVEX, x87. VEX codes a few general instructions, too.
    if (first == 0xc4 || first == 0xc5 || first == 0x62) return true;
    if (first >= 0xd8 && first <= 0xdf) return true;
    if (first != 0x0f || at + 1 >= bytes.size()) return false;
    const unsigned char second = bytes[at + 1];
    const auto within = [second](unsigned char low, unsigned char high) {
        return second >= low && second <= high;
    };
    return within(0x10, 0x17) || within(0x28, 0x2f) || within(0x50, 0x7f) || second == 0x38 ||
           second == 0x3a || second == 0xc2 || within(0xc4, 0xc6) || within(0xd0, 0xff);
}

bool only_looks(Opcode opcode) {
    return opcode == Opcode::compare || opcode == Opcode::test || opcode == Opcode::nothing ||
           opcode == Opcode::load_address;
}

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
            const Instruction& instruction = place->second.instruction;
            pauses = pauses || place->second.pause;
            if (instruction.opcode == Opcode::call || instruction.opcode == Opcode::call_indirect ||
                instruction.opcode == Opcode::other) {
                return false;
            }
            const Operand& target = instruction.destination;
            if (target.kind != Operand::Kind::memory || only_looks(instruction.opcode)) continue;
            const bool own = target.base == kRbp || target.base == kRsp;
            if (!own || target.index != kNoRegister || target.thread_local_segment) return false;
        }
        return pauses;
    }

    std::set<int> address_registers(const std::set<std::uint64_t>& turn) const {
        std::set<int> found;
        for (const std::uint64_t address : turn) {
            const auto place = code_.find(address);
            if (place == code_.end()) continue;
            const Instruction& instruction = place->second.instruction;
            if (instruction.opcode == Opcode::load_address) continue;
            for (const Operand& operand : {instruction.destination, instruction.source})
                if (operand.kind == Operand::Kind::memory)
                    found.insert({operand.base, operand.index});
        }
        return found;
    }

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
            const Instruction& instruction = place->second.instruction;
            if (place->second.vector) out->vectors = true;
            if (only_looks(instruction.opcode)) continue;
            // Of one that is only measured, either operand may be what it writes.
            if (instruction.destination.kind == Operand::Kind::memory) {
                out->writes.push_back(instruction.destination);
            }
            if (instruction.opcode == Opcode::other &&
                instruction.source.kind == Operand::Kind::memory) {
                out->writes.push_back(instruction.source);
            }
        }
    }

private:
    struct Place {
        Instruction instruction;
        bool vector = false;
        bool pause = false;
        std::vector<std::uint64_t> next;
    };

    bool add(std::uint64_t address) {
        unsigned char bytes[kLongestInstruction];
        const std::size_t length = read(address, bytes);
        const auto decoded = decode(std::span(bytes, length), address);
        if (!decoded) return false;
        Place& place = code_[address];
        place.instruction = *decoded;
        place.vector = is_vector_code(std::span(bytes, decoded->length));
        place.pause = decoded->length == 2 && bytes[0] == 0xf3 && bytes[1] == 0x90;
        const std::uint64_t behind = address + decoded->length;
        switch (decoded->opcode) {
            case Opcode::jump:
                place.next = {decoded->target};
                break;
            case Opcode::jump_if:
            case Opcode::loop:
                place.next = {behind, decoded->target};
                break;
            case Opcode::ret:
            case Opcode::trap:
            case Opcode::jump_indirect:
                break;
            default:
                place.next = {behind};
        }
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

}  // namespace threadfault::diagnose
