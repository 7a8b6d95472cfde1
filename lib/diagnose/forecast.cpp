#include "diagnose/forecast.hpp"

#include "base/fault.hpp"
#include "diagnose/handlers.hpp"
#include "diagnose/lsda.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <array>

namespace threadfault::diagnose {
namespace {

using wire::Fault;

std::string spot(const CodePlace& place) {
    // The function that has code of its own: the others are inlined into it.
    const SourceLine& line = place.lines.back();
    std::string name = line.function.empty() ? formatted("{}+{:#x}", place.module, place.offset)
                                             : observe::without_parameters(line.function);
    if (line.file.empty() || line.line <= 0) return name;
    return formatted("{}, {}:{}", name, line.file.substr(line.file.rfind('/') + 1), line.line);
}

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

// Of several functions in one piece of code no table tells which of them is noexcept.
std::string or_inlined(const CodePlace& place) {
    std::string names;
    for (const SourceLine& line : place.lines) {
        if (!line.inlined) continue;
        names += (names.empty() ? "" : ", ") + observe::without_parameters(line.function);
    }
    return names.empty() ? "" : formatted(", or what is inlined there is ({})", names);
}

struct UnwindOutlook {
    Prospect prospect = Prospect::ends;
    std::vector<std::string> facts;
    std::string cause;  // aborts: the same in the past tense
};

UnwindOutlook look_up_the_stack(Backtraces& backtraces, const Backtrace& trace) {
    UnwindOutlook outlook;
    std::size_t cleanups = 0;
    for (std::size_t i = 0; i < trace.frames.size(); ++i) {
        const Frame& frame = trace.frames[i];
        const bool exact = i == 0 || frame.signal;
        // An asynchronous unwind starts at an instruction that need not be a call.
        const std::uint64_t ip = exact ? frame.ip : frame.ip - 1;
        const auto function = backtraces.unwinder().function_at(ip);
        if (!function) continue;
        const UnwindEffect effect =
            effect_of_forced_unwind(backtraces.unwinder().memory(), *function, ip);
        if (effect.what == OnUnwind::cleans_up) ++cleanups;
        const Caught caught = effect.what == OnUnwind::catches
                                  ? what_becomes_of(backtraces, *function, effect.landing_pad)
                                  : Caught::unknown;
        if (effect.what == OnUnwind::terminates || caught == Caught::terminates) {
            const std::string which = "is noexcept" + or_inlined(*frame.place);
            outlook.prospect = Prospect::aborts;
            outlook.facts.push_back(formatted("{} {}: the unwinding ends there in std::terminate",
                                              spot(*frame.place), which));
            outlook.cause = formatted("{}, {}: the forced unwind ended there in std::terminate",
                                      spot(*frame.place), which);
            return outlook;
        }
        if (effect.what != OnUnwind::catches) continue;
        const std::string handler =
            formatted("catch ({}) in {}", effect.by_name ? "abi::__forced_unwind&" : "...",
                      spot(*frame.place));
        if (caught == Caught::thrown_again) {
            outlook.facts.push_back(handler + " sees it and throws it again");
            continue;
        }
        if (caught == Caught::unknown) {
            outlook.prospect = Prospect::unknown;
            outlook.facts.push_back(
                handler +
                " catches the forced unwind; whether it throws it again can't be told from its "
                "code: if not, libc aborts (\"FATAL: exception not rethrown\")");
            outlook.cause =
                handler + ", caught the forced unwind; whether it threw it again is not known";
            return outlook;
        }
        outlook.prospect = Prospect::aborts;
        outlook.facts.push_back(handler +
                                " swallows the forced unwind: libc then aborts (\"FATAL: "
                                "exception not rethrown\")");
        outlook.cause = handler + ", swallowed the forced unwind";
        return outlook;
    }
    if (cleanups > 0) {
        outlook.facts.push_back(formatted("{} frame{} up on the way (destructors, handlers)",
                                          cleanups, cleanups == 1 ? " cleans" : "s clean"));
    }
    if (trace.cut) {
        outlook.prospect = Prospect::unknown;
        outlook.facts.emplace_back("the stack is deeper than was looked at");
    }
    return outlook;
}

}  // namespace

std::string_view to_string(Prospect prospect) noexcept {
    switch (prospect) {
        case Prospect::ends:
            return "ends";
        case Prospect::stays:
            return "stays";
        case Prospect::aborts:
            return "aborts";
        case Prospect::unsafe:
            return "unsafe";
        case Prospect::unknown:
            break;
    }
    return "unknown";
}

Forecast forecast(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace,
                  Fault how) {
    Forecast result;
    std::vector<std::string>& facts = result.facts;
    const auto add_locks = [&](bool kept) {
        for (const drive::HeldLock& lock : thread.holding) {
            facts.push_back(formatted(
                "it holds {} {}, and {} thread{} wait{} for it{}", observe::to_string(lock.kind),
                lock.symbol.empty() ? formatted("{:#x}", lock.address) : lock.symbol, lock.waiters,
                lock.waiters == 1 ? "" : "s", lock.waiters == 1 ? "s" : "",
                kept ? ": for ever, then" : "; whether it is released depends on the clean-up"));
        }
    };
    if (trace.frames.empty()) {
        facts.push_back(formatted("where the thread is could not be seen: {}", trace.why));
    } else {
        std::string where = spot(*trace.frames.front().place);
        for (const Frame& frame : trace.frames) {
            if (is_of(*frame.place, "libc.so") || is_of(*frame.place, "ld-linux")) continue;
            const std::string caller = spot(*frame.place);
            if (caller != where) where += " called from " + caller;
            break;
        }
        facts.push_back("it is in " + where);
    }
    const bool locked = std::any_of(trace.frames.begin(), trace.frames.end(),
                                    [](const Frame& one) { return has_internal_lock(*one.place); });
    const base::FaultInfo& kind = base::info(how);
    if (!kind.unwinds) {
        result.prospect = trace.frames.empty() ? Prospect::unknown : Prospect::ends;
        facts.emplace_back("nothing unwinds: no destructor, no clean-up handler runs");
        add_locks(true);
    }
    if (locked && kind.safe_point) {
        result.prospect = Prospect::unsafe;
        facts.emplace_back(
            "it is inside the allocator, the loader or stdio: `kill` waits until it is not, unless "
            "--anywhere");
        return result;
    }
    if (!kind.unwinds || trace.frames.empty()) return result;

    const bool known = thread.cancel != wire::kCancelUnknown;
    if (kind.cancels) {
        if (known && (thread.cancel & wire::kCancelDisabled) != 0) {
            result.prospect = Prospect::stays;
            facts.emplace_back(
                "it has cancellation disabled: the request stays pending until it enables it");
            add_locks(false);
            return result;
        }
    }
    if (kind.at_point) {
        // libc sets the asynchronous type for as long as a cancellation point blocks.
        const bool acts = known && (thread.cancel & wire::kCancelAsynchronous) != 0;
        if (!acts) {
            result.prospect = Prospect::stays;
            facts.emplace_back(
                "it is at no cancellation point: the request stays pending until it comes to one");
            add_locks(false);
            return result;
        }
        facts.emplace_back("it is at a cancellation point: it acts on the request at once");
    }
    UnwindOutlook outlook = look_up_the_stack(backtraces, trace);
    result.prospect = outlook.prospect;
    facts.insert(facts.end(), outlook.facts.begin(), outlook.facts.end());
    add_locks(false);
    return result;
}

std::string cause_of_abort(Backtraces& backtraces, const Backtrace& trace) {
    return look_up_the_stack(backtraces, trace).cause;
}

}  // namespace threadfault::diagnose
