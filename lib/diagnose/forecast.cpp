#include "diagnose/forecast.hpp"

#include "base/fault.hpp"
#include "inject/calls.hpp"
#include "observe/symbols.hpp"
#include "observe/wait_calls.hpp"

#include <algorithm>
#include <array>

namespace threadfault::diagnose {
namespace {

using wire::Fault;

bool is_of(const CodePlace& place, std::string_view module) {
    return place.module.starts_with(module);
}

// libc's functions that have the allocator's, the loader's or a stream's lock in hand somewhere.
bool has_internal_lock(const CodePlace& place) {
    if (is_of(place, "ld-linux") || is_of(place, "libjemalloc") || is_of(place, "libtcmalloc")) {
        return true;
    }
    if (!is_of(place, "libc.so")) return false;
    const std::string& name = place.lines.back().function;
    static constexpr std::array<std::string_view, 16> kPrefixes = {
        "malloc",  "__libc_malloc", "free",      "__libc_free", "cfree", "calloc",
        "realloc", "_int_",         "sysmalloc", "systrim",     "_IO_",  "new_do_write",
        "__vf",    "printf",        "fwrite",    "arena_get"};
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
}

class Foresight {
public:
    Foresight(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace,
              const std::vector<LockAtStake>& locks, Fault how)
        : backtraces_(backtraces),
          thread_(thread),
          trace_(trace),
          locks_(locks),
          kind_(base::info(how)) {}

    Forecast run() {
        say_where();
        if (!kind_.unwinds) {
            result_.prospect = trace_.frames.empty() ? Prospect::unknown : Prospect::ends;
            say(Code::nothing_unwinds);
        }
        if (kind_.safe_point && is_in_libc_lock()) {
            result_.prospect = Prospect::unsafe;
            return std::move(result_);
        }
        if (!kind_.unwinds) say_what_vanish_leaves();
        if (!kind_.unwinds || trace_.frames.empty()) return std::move(result_);
        if (stays_pending()) {
            result_.prospect = Prospect::stays;
            say_what_it_holds();
            return std::move(result_);
        }
        const UnwindOutlook outlook = look_up_the_stack(backtraces_, trace_, kind_.safe_point);
        result_.prospect = outlook.prospect;
        result_.grounds.insert(result_.grounds.end(), outlook.grounds.begin(),
                               outlook.grounds.end());
        // Where the process dies, no lock stays behind.
        if (outlook.prospect == Prospect::aborts || outlook.prospect == Prospect::unsafe) {
            say_what_it_holds();
        } else {
            say_what_unwinding_leaves(outlook);
        }
        return std::move(result_);
    }

private:
    using Code = drive::GroundCode;
    using Data = decltype(drive::Ground::data);

    void say(Code code, Data data = {}) { result_.grounds.push_back({code, std::move(data)}); }

    void say_where() {
        if (trace_.frames.empty()) {
            say(Code::stack_unreadable,
                {{"why", trace_.why.text}, {"why_code", std::string(to_string(trace_.why.code))}});
            return;
        }
        // Where libc's file names its exported functions alone, the innermost of those says more
        // than an offset.
        const Frame* const named = first_named_of_libc();
        Data data{{"place", spot(*(named != nullptr ? *named : trace_.frames.front()).place)}};
        for (const Frame& frame : trace_.frames) {
            if (is_of(*frame.place, "libc.so") || is_of(*frame.place, "ld-linux")) continue;
            const std::string caller = spot(*frame.place);
            if (caller != std::get<std::string>(data.front().second)) {
                data.emplace_back("caller", caller);
            }
            break;
        }
        say(Code::position, std::move(data));
    }

    // Of the frames of libc's that the stack ends with; nullptr: none of them has a name.
    const Frame* first_named_of_libc() const {
        for (const Frame& frame : trace_.frames) {
            if (!is_of(*frame.place, "libc.so")) break;
            if (!frame.place->lines.back().function.empty()) return &frame;
        }
        return nullptr;
    }

    // Up to glibc 2.40 libc sets the asynchronous type for as long as a cancellation point blocks.
    // From 2.41 on such a call is made by a function of libc's own, __syscall_cancel_arch, whose
    // name most files lack (nptl/cancellation.c there): what it was called for is told by the
    // frames.
    bool is_at_cancellation_point() const {
        if ((thread_.cancel & wire::kCancelAsynchronous) != 0) return true;
        // A condition variable's wait that takes its mutex again is none any more.
        if (thread_.waiting && thread_.waiting->kind == WaitKind::mutex) return false;
        const auto is_common = [](const std::string& name) {
            return name.empty() || observe::is_common_to_cancellation_points(name);
        };
        if (trace_.frames.empty() || !is_of(*trace_.frames.front().place, "libc.so") ||
            !is_common(trace_.frames.front().place->lines.back().function)) {
            return false;
        }
        for (const Frame& frame : trace_.frames) {
            if (!is_of(*frame.place, "libc.so")) return false;
            std::string_view name = frame.place->lines.back().function;
            if (is_common(std::string(name))) continue;
            for (const std::string_view inner : {"__GI_", "__"}) {
                if (name.starts_with(inner)) name.remove_prefix(inner.size());
            }
            inject::Call call{};
            return inject::find_call(name.data(), name.size(), &call) &&
                   (inject::info(call).traits & inject::kCancels) != 0;
        }
        return false;
    }

    // What the agent looks at, too (preload/faults/place.cpp).
    bool is_in_libc_lock() {
        const bool inside =
            std::any_of(trace_.frames.begin(), trace_.frames.end(),
                        [](const Frame& one) { return has_internal_lock(*one.place); });
        if (inside) {
            say(Code::inside_libc);
            return true;
        }
        for (const LockAtStake& one : locks_) {
            if (!one.standard) continue;
            say(Code::holds_standard_stream, {{"lock", ground_lock(one)}});
            return true;
        }
        return false;
    }

    bool stays_pending() {
        if (!kind_.cancels) return false;
        const bool known = thread_.cancel != wire::kCancelUnknown;
        if (known && (thread_.cancel & wire::kCancelDisabled) != 0) {
            say(Code::cancel_disabled);
            return true;
        }
        if (!kind_.at_point) return false;
        const bool acts = known && is_at_cancellation_point();
        say(acts ? Code::at_cancellation_point : Code::not_at_cancellation_point);
        return !acts;
    }

    // Its waiters are none of the wait's that takes it again.
    static Data data_of(const LockAtStake& one) {
        Data data{{"lock", ground_lock(one)}, {"taken_again", one.taken_again}};
        if (!one.taken_again && one.lock.waiters > 0) {
            data.emplace_back("waiters", static_cast<std::int64_t>(one.lock.waiters));
        }
        return data;
    }

    void say_what_it_holds() {
        for (const LockAtStake& one : locks_) {
            if (!one.taken_again) say(Code::holds_lock, data_of(one));
        }
    }

    void say_what_vanish_leaves() {
        for (const LockAtStake& one : locks_) {
            // It waits without the mutex, and gets no chance to take it.
            if (!one.taken_again) orphaned(one, data_of(one));
        }
    }

    void say_what_unwinding_leaves(const UnwindOutlook& outlook) {
        for (const LockAtStake& one : locks_) {
            Data data = data_of(one);
            const Releaser releaser = releaser_of(backtraces_, trace_, outlook, one);
            if (releaser.how == Release::nobody) {
                data.emplace_back("unwinds", true);
                orphaned(one, std::move(data));
                continue;
            }
            data.emplace_back("releaser", releaser.who);
            say(releaser.how == Release::surely ? Code::lock_released : Code::lock_perhaps_released,
                std::move(data));
        }
    }

    void orphaned(const LockAtStake& one, Data data) {
        say(one.robust ? Code::lock_robust : Code::lock_orphaned, std::move(data));
        if (!one.robust) result_.orphans.push_back(one);
    }

    Backtraces& backtraces_;
    const drive::ThreadView& thread_;
    const Backtrace& trace_;
    const std::vector<LockAtStake>& locks_;
    const base::FaultInfo& kind_;
    Forecast result_;
};

}  // namespace

Forecast forecast(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace,
                  const std::vector<LockAtStake>& locks, Fault how) {
    return Foresight(backtraces, thread, trace, locks, how).run();
}

std::optional<drive::Ground> cause_of_abort(Backtraces& backtraces, const Backtrace& trace) {
    return look_up_the_stack(backtraces, trace, false).cause;
}

drive::GroundLock ground_lock(const LockAtStake& one) {
    return {one.stream ? std::string_view("stream") : to_string(one.lock.kind), one.lock.address,
            one.lock.symbol, one.standard};
}

}  // namespace threadfault::diagnose
