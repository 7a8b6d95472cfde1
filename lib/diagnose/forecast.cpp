#include "diagnose/forecast.hpp"

#include "base/fault.hpp"
#include "format/format.hpp"
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

std::string name_of(const LockAtStake& one) {
    const drive::HeldLock& lock = one.lock;
    const std::string name = lock.symbol.empty() ? formatted("{:#x}", lock.address) : lock.symbol;
    if (one.stream) return formatted("the lock of {}{}", one.standard ? "" : "FILE ", name);
    return formatted("{} {}", to_string(lock.kind), name);
}

std::string waiters_of(const LockAtStake& one) {
    const std::size_t waiters = one.lock.waiters;
    if (waiters == 0) return {};
    return formatted(", and {} thread{} wait{} for it", waiters, waiters == 1 ? "" : "s",
                     waiters == 1 ? "s" : "");
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
            say("nothing unwinds: no destructor, no clean-up handler runs");
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
        for (const std::string& fact : outlook.facts)
            say(fact);
        // Where the process dies, no lock stays behind.
        if (outlook.prospect == Prospect::aborts || outlook.prospect == Prospect::unsafe) {
            say_what_it_holds();
        } else {
            say_what_unwinding_leaves(outlook);
        }
        return std::move(result_);
    }

private:
    void say(std::string fact) { result_.facts.push_back(std::move(fact)); }

    void say_where() {
        if (trace_.frames.empty()) {
            say(formatted("the thread's stack could not be read: {}", trace_.why));
            return;
        }
        // Where libc's file names its exported functions alone, the innermost of those says more
        // than an offset.
        const Frame* const named = first_named_of_libc();
        std::string where = spot(*(named != nullptr ? *named : trace_.frames.front()).place);
        for (const Frame& frame : trace_.frames) {
            if (is_of(*frame.place, "libc.so") || is_of(*frame.place, "ld-linux")) continue;
            const std::string caller = spot(*frame.place);
            if (caller != where) where += " called from " + caller;
            break;
        }
        say("it is in " + where);
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
            say("it is inside the allocator, the loader or stdio: `kill` waits until it leaves, "
                "unless the death is allowed anywhere");
            return true;
        }
        for (const LockAtStake& one : locks_) {
            if (!one.standard) continue;
            say(
                formatted("it holds {}: `kill` waits until it is released, unless the death is "
                          "allowed anywhere",
                          name_of(one)));
            return true;
        }
        return false;
    }

    bool stays_pending() {
        if (!kind_.cancels) return false;
        const bool known = thread_.cancel != wire::kCancelUnknown;
        if (known && (thread_.cancel & wire::kCancelDisabled) != 0) {
            say("cancellation is disabled: the request stays pending until the thread enables it");
            return true;
        }
        if (!kind_.at_point) return false;
        const bool acts = known && is_at_cancellation_point();
        say(acts ? "it is at a cancellation point: the request takes effect at once"
                 : "it is not at a cancellation point: the request stays pending until it reaches "
                   "one");
        return !acts;
    }

    void say_what_it_holds() {
        for (const LockAtStake& one : locks_) {
            if (!one.taken_again) say(formatted("it holds {}{}", name_of(one), waiters_of(one)));
        }
    }

    void say_what_vanish_leaves() {
        for (const LockAtStake& one : locks_) {
            // It waits without the mutex, and gets no chance to take it.
            if (!one.taken_again)
                orphaned(one, formatted("it holds {}{}", name_of(one), waiters_of(one)));
        }
    }

    void say_what_unwinding_leaves(const UnwindOutlook& outlook) {
        for (const LockAtStake& one : locks_) {
            const std::string fact =
                one.taken_again
                    ? formatted("libc reacquires {} before the wait returns", name_of(one))
                    : formatted("it holds {}{}", name_of(one), waiters_of(one));
            const Releaser releaser = releaser_of(backtraces_, trace_, outlook, one);
            switch (releaser.how) {
                case Release::surely:
                    say(formatted("{}: {} releases it", fact, releaser.who));
                    break;
                case Release::perhaps:
                    say(formatted("{}: {} may release it", fact, releaser.who));
                    break;
                case Release::nobody:
                    orphaned(one, fact + ", and nothing releases it during unwinding");
                    break;
            }
        }
    }

    void orphaned(const LockAtStake& one, const std::string& fact) {
        if (one.robust) {
            say(fact + ": it is robust, so the next owner gets EOWNERDEAD");
            return;
        }
        say(fact + ": it will be orphaned");
        result_.orphans.push_back(one);
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

std::string cause_of_abort(Backtraces& backtraces, const Backtrace& trace) {
    return look_up_the_stack(backtraces, trace, false).cause;
}

}  // namespace threadfault::diagnose
