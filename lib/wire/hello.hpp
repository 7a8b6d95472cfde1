// Who is there, and what the agent says when it refuses a message.
#ifndef THREADFAULT_WIRE_HELLO_HPP
#define THREADFAULT_WIRE_HELLO_HPP

#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

struct Hello {
    static constexpr Type kType = Type::hello;
    Header header;
};

struct HelloReply {
    static constexpr Type kType = Type::hello_reply;
    Header header;
    std::int32_t pid = 0;               // as the target sees itself
    std::int32_t agent_tid = 0;         // never one of the target's threads
    std::uint32_t threads = 0;          // registered, living user threads, main included
    std::int32_t signal = 0;            // that carries requests
    std::int32_t interrupt_signal = 0;  // that ends a blocking call with EINTR
    std::uint32_t capabilities = 0;
    std::uint32_t records = 0;  // of the registry in use: `threads` when all is quiet
    std::uint32_t reserved = 0;
    std::uint64_t serials = 0;  // threads registered since the shim's start
};
inline constexpr std::uint32_t kCapabilityPoints = 1U << 0;

enum class ErrorCode : std::uint32_t {
    malformed = 1,  // too short, too long, or the length field disagrees
    bad_magic = 2,
    bad_version = 3,
    bad_type = 4,
    not_permitted = 5,
    too_many_clients = 6,
};

struct ErrorReply {
    static constexpr Type kType = Type::error;
    Header header;
    ErrorCode code{};
    std::uint16_t agent_version = kVersion;
    std::uint16_t reserved = 0;
    char text[kTextSize] = {};
};

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_HELLO_HPP
