#include "preload/agent/specs.hpp"

#include "preload/points/rules.hpp"
#include "wire/wire.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

std::size_t arm_one(std::uint32_t request, char* packet) noexcept {
    wire::ArmRequest wanted;
    std::memcpy(&wanted, packet, sizeof wanted);
    wire::ArmReply reply;
    reply.header = wire::make_header(wire::Type::arm_reply, sizeof reply, request);
    // check_request() has seen the NUL.
    reply.outcome = arm(wanted.text, std::strlen(wanted.text), &reply.id, &reply.column);
    std::memcpy(packet, &reply, sizeof reply);
    return sizeof reply;
}

std::size_t disarm_some(std::uint32_t request, char* packet) noexcept {
    wire::DisarmRequest wanted;
    std::memcpy(&wanted, packet, sizeof wanted);
    wire::DisarmReply reply;
    reply.header = wire::make_header(wire::Type::disarm_reply, sizeof reply, request);
    reply.count = disarm(wanted.id);
    std::memcpy(packet, &reply, sizeof reply);
    return sizeof reply;
}

std::size_t list_some(std::uint32_t request, char* packet, std::size_t room) noexcept {
    wire::SpecsRequest wanted;
    std::memcpy(&wanted, packet, sizeof wanted);
    wire::SpecsReply reply;
    std::size_t size = sizeof reply;
    std::uint32_t cursor = wanted.cursor;
    wire::SpecRecord record;
    bool more = true;
    while (size + sizeof record <= room) {
        more = next_spec(&cursor, &record);
        if (!more) break;
        std::memcpy(packet + size, &record, sizeof record);
        size += sizeof record;
        ++reply.count;
    }
    reply.next = more ? cursor : 0;
    reply.header = wire::make_header(wire::Type::specs_reply, size, request);
    std::memcpy(packet, &reply, sizeof reply);
    return size;
}

}  // namespace

std::size_t answer_about_specs(std::uint32_t request, char* packet, std::size_t room) noexcept {
    wire::Header header;
    std::memcpy(&header, packet, sizeof header);
    switch (header.type) {
        case wire::Type::arm:
            return arm_one(request, packet);
        case wire::Type::disarm:
            return disarm_some(request, packet);
        default:
            return list_some(request, packet, room);
    }
}

}  // namespace threadfault::shim
