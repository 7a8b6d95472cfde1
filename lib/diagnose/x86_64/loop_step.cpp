#include "diagnose/loop_step.hpp"

#include "diagnose/machine.hpp"

#include <cstddef>

namespace threadfault::diagnose {
namespace {

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

LoopStep::Leads leads_of(Opcode opcode) {
    using Leads = LoopStep::Leads;
    switch (opcode) {
        case Opcode::jump:
            return Leads::away;
        case Opcode::jump_if:
        case Opcode::loop:
            return Leads::either;
        case Opcode::ret:
        case Opcode::trap:
        case Opcode::jump_indirect:
            return Leads::nowhere;
        default:
            return Leads::on;
    }
}

}  // namespace

std::optional<LoopStep> loop_step(std::span<const unsigned char> bytes, std::uint64_t address) {
    const auto decoded = decode(bytes, address);
    if (!decoded) return std::nullopt;
    const Opcode opcode = decoded->opcode;
    LoopStep step;
    step.leads = leads_of(opcode);
    step.length = decoded->length;
    step.calls = opcode == Opcode::call || opcode == Opcode::call_indirect;
    step.opaque = opcode == Opcode::other;
    step.vectors = is_vector_code(bytes.first(decoded->length));
    step.pauses = decoded->length == 2 && bytes[0] == 0xf3 && bytes[1] == 0x90;
    step.target = decoded->target;
    const auto is_memory = [](const Operand& operand) {
        return operand.kind == Operand::Kind::memory;
    };
    if (opcode != Opcode::load_address) {
        for (const Operand& operand : {decoded->destination, decoded->source})
            if (is_memory(operand)) step.touches.push_back(operand);
    }
    if (only_looks(opcode)) return step;
    if (is_memory(decoded->destination)) step.writes.push_back(decoded->destination);
    // Of one that is only measured, either operand may be what it writes.
    if (step.opaque && is_memory(decoded->source)) step.writes.push_back(decoded->source);
    return step;
}

bool is_frame_register(int number) {
    return number == kRsp || number == kRbp;
}

}  // namespace threadfault::diagnose
