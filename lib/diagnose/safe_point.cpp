#include "diagnose/safe_point.hpp"

#include "diagnose/unwinding.hpp"

#include <chrono>
#include <optional>
#include <thread>

namespace threadfault::diagnose {
namespace {

constexpr int kLooks = 5;
// So that the looks see different moments of a loop that a thread runs in.
constexpr std::chrono::microseconds kBetween{300};
constexpr std::size_t kDepth = 1000;

}  // namespace

Backtrace take_least_safe(Backtraces& backtraces, const Thread& thread) {
    std::optional<Backtrace> first;
    for (int look = 0; look < kLooks; ++look) {
        if (look > 0) std::this_thread::sleep_for(kBetween);
        Backtrace trace = backtraces.take({&thread, 1}, {.depth = kDepth, .saved = true}).front();
        const bool waits = trace.frames.empty() || is_in_system_call(backtraces, trace);
        if (!waits && !why_no_safe_point(backtraces, trace).empty()) return trace;
        if (!first) first = std::move(trace);
        if (waits) break;
    }
    return *first;
}

std::string why_no_safe_point(Backtraces& backtraces, const Backtrace& trace) {
    const UnwindOutlook outlook = look_up_the_stack(backtraces, trace, true);
    return outlook.prospect == Prospect::unsafe ? drive::sentence(outlook.grounds.back())
                                                : std::string();
}

}  // namespace threadfault::diagnose
