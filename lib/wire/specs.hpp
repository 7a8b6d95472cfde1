// Call faults: docs/injecting.md.
#ifndef THREADFAULT_WIRE_SPECS_HPP
#define THREADFAULT_WIRE_SPECS_HPP

#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

// The longest SPEC, with its final NUL.
inline constexpr std::size_t kSpecSize = 1024;

// Armed at once in a process.
inline constexpr std::size_t kMostSpecs = 64;

// SPECs travel as text: the agent reads them with the same parser as the command.
struct ArmRequest {
    static constexpr Type kType = Type::arm;
    Header header;
    char text[kSpecSize] = {};
};

enum class ArmOutcome : std::uint32_t {
    armed = 1,
    malformed = 2,     // at `column`
    needs_points = 3,  // the process does not run under the points library
    too_many = 4,
};

struct ArmReply {
    static constexpr Type kType = Type::arm_reply;
    Header header;
    ArmOutcome outcome{};
    std::uint32_t id = 0;      // from 1, never used twice in a process
    std::uint32_t column = 0;  // from 1; 0: nothing is wrong
    std::uint32_t reserved = 0;
};

struct SpecsRequest {
    static constexpr Type kType = Type::specs;
    Header header;
    std::uint32_t cursor = 0;  // 0 first, then SpecsReply::next
    std::uint32_t reserved = 0;
};

struct SpecRecord {
    std::uint64_t matched = 0;   // calls that were counted: of its calls, by its threads
    std::uint64_t injected = 0;  // of them
    std::uint32_t id = 0;
    std::uint32_t skipped = 0;  // of matched: the call's object can't give the error
    char text[kSpecSize] = {};
};

struct SpecsReply {
    static constexpr Type kType = Type::specs_reply;
    Header header;
    std::uint32_t count = 0;  // of records that follow
    std::uint32_t next = 0;   // 0: this was the last packet
    // SpecRecord records[count] follow
};
inline constexpr std::size_t kMaxSpecRecords =
    (kMaxMessage - sizeof(SpecsReply)) / sizeof(SpecRecord);

struct DisarmRequest {
    static constexpr Type kType = Type::disarm;
    Header header;
    std::uint32_t id = 0;  // 0: all
    std::uint32_t reserved = 0;
};

struct DisarmReply {
    static constexpr Type kType = Type::disarm_reply;
    Header header;
    std::uint32_t count = 0;  // of those that were in force
    std::uint32_t reserved = 0;
};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_SPECS_HPP
