// Why a thread's stack, or the rest of it, is not there.
#ifndef THREADFAULT_DIAGNOSE_GAP_HPP
#define THREADFAULT_DIAGNOSE_GAP_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace threadfault::diagnose {

enum class GapCode : std::uint8_t {
    none,
    ended,
    not_permitted,
    traced,
    stopped,
    uninterruptible,
    no_cpu,
    silent,
    signal_blocked,
    queue_full,
    signal_taken,
    agent_silent,
    not_asked,
    frames_missing,
    no_unwind_table,
    unreadable,
};

// "no_cpu", as JSON has it; "" for none.
[[nodiscard]] std::string_view to_string(GapCode code) noexcept;

struct Gap {
    GapCode code = GapCode::none;
    std::string text;  // for people

    bool empty() const noexcept { return code == GapCode::none; }
};

// Those that are found in several ways.
[[nodiscard]] Gap gap_ended();
[[nodiscard]] Gap gap_stopped();
[[nodiscard]] Gap gap_uninterruptible();

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_GAP_HPP
