// What the agent checks before it acts on a message.
#ifndef THREADFAULT_WIRE_CHECK_HPP
#define THREADFAULT_WIRE_CHECK_HPP

#include "wire/header.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::wire {

// 0 for a type that no client may send.
std::size_t request_size(Type type) noexcept;

enum class Check : std::uint8_t { ok, malformed, bad_magic, bad_version, bad_type };

// Is `data` one whole, well-formed request? Reads nothing beyond `length`.
Check check_request(const void* data, std::size_t length) noexcept;

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_CHECK_HPP
