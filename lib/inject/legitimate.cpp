// Which fault may stand at which call: what could happen there without us.
#include "base/fault.hpp"
#include "format/format.hpp"
#include "inject/spec.hpp"

#include <errno.h>

namespace threadfault::inject {

namespace {

bool unwinds(const Rule& rule) {
    return rule.action == Action::kill && base::info(rule.death).unwinds;
}

std::string allowed_errors(const CallInfo& call) {
    std::vector<std::string_view> names;
    for (const int* error = call.errors; *error != 0; ++error)
        names.emplace_back(error_name(call.convention, *error));
    if (names.empty()) return "its specification defines no error";
    return formatted("its specification allows {}", joined(names, ", "));
}

// The point before a start routine: libc looks for a cancellation at no such place.
std::string why_not_at_start(const Rule& rule) {
    if (rule.side == Side::after) {
        return "thread_start is the point before a start routine: there is no after; leave out "
               "after:";
    }
    if (rule.action != Action::kill || !base::info(rule.death).unwinds) return {};
    if (rule.death == wire::Fault::exit) return {};
    return "thread_start is not a cancellation point: the thread would run on to its first one; "
           "use kill=exit or kill=vanish";
}

std::string why_not_unwind(const CallInfo& call, Side side) {
    if ((call.traits & kCancels) == 0) {
        return formatted(
            "{} is not a cancellation point: no thread is ever unwound out of it, so programs "
            "are not written for that; use kill=vanish",
            call.name);
    }
    if (side == Side::before) return {};
    return formatted(
        "a thread is unwound out of {} before the call takes effect, never after it; use "
        "before:, or kill=vanish",
        call.name);
}

std::string why_not(const CallInfo& call, const Rule& rule) {
    switch (rule.action) {
        case Action::error:
            // It fails nevertheless where --force is given, in the way that the call has.
            if (call.allows(rule.error)) return {};
            return formatted("{} can't fail with {}: {}", call.name,
                             error_name(call.convention, rule.error), allowed_errors(call));
        case Action::interrupt:
            if (call.allows(EINTR) && call.convention != Convention::c11) return {};
            return formatted("{} is not interrupted by signals: {}", call.name,
                             allowed_errors(call));
        case Action::spurious:
            if ((call.traits & kSpurious) != 0) return {};
            return formatted(
                "{} does not wake up spuriously: only waits for condition variables do", call.name);
        case Action::kill:
            return unwinds(rule) ? why_not_unwind(call, rule.side) : std::string();
        case Action::delay:
        case Action::freeze:
            return {};
    }
    return {};
}

}  // namespace

std::string why_illegitimate(const Rule& rule) {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        if (!rule.calls.has(call)) continue;
        if (call == Call::thread_start && rule.action != Action::error) {
            if (std::string reason = why_not_at_start(rule); !reason.empty()) return reason;
            if (rule.action == Action::kill) continue;
        }
        if (std::string reason = why_not(info(call), rule); !reason.empty()) return reason;
    }
    return {};
}

}  // namespace threadfault::inject
