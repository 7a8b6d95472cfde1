#include "diagnose/gap.hpp"

#include <iterator>

namespace threadfault::diagnose {

std::string_view to_string(GapCode code) noexcept {
    // stack.schema.json and docs/json.md have the same.
    constexpr std::string_view kNames[] = {"",           "ended",          "not_permitted",
                                           "traced",     "stopped",        "uninterruptible",
                                           "no_cpu",     "silent",         "signal_blocked",
                                           "queue_full", "signal_taken",   "agent_silent",
                                           "not_asked",  "frames_missing", "no_unwind_table",
                                           "unreadable"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(GapCode::unreadable) + 1);
    return kNames[static_cast<std::size_t>(code)];
}

Gap gap_ended() {
    return {GapCode::ended, "it has ended"};
}

Gap gap_stopped() {
    return {GapCode::stopped, "it is stopped"};
}

Gap gap_uninterruptible() {
    return {GapCode::uninterruptible, "it is in an uninterruptible wait"};
}

}  // namespace threadfault::diagnose
