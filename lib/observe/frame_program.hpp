// Internal to lib/observe: one record of .eh_frame, and the program in it that says how large the
// frame is at an address.
#ifndef THREADFAULT_OBSERVE_FRAME_PROGRAM_HPP
#define THREADFAULT_OBSERVE_FRAME_PROGRAM_HPP

#include "observe/memory.hpp"
#include "observe/unwind_rules.hpp"

#include <cstdint>
#include <optional>

namespace threadfault::observe {

// `record`: where a frame description entry lies. std::nullopt: malformed, or not for `address`.
std::optional<FrameRule> frame_rule(const Memory& memory, std::uint64_t record,
                                    std::uint64_t address);

// The first address that it is for.
std::optional<std::uint64_t> begin_of_record(const Memory& memory, std::uint64_t record);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_FRAME_PROGRAM_HPP
