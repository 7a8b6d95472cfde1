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

// A thread in a system call has the instruction behind it.
bool is_in_system_call(RemoteMemory& memory, const Frame& frame) {
    std::array<unsigned char, 2> code{};
    return memory.read(frame.ip - code.size(), code.data(), code.size()) && code[0] == 0x0f &&
           code[1] == 0x05;
}

// Is it stopped in the middle of a coroutine's first steps, before its body?
bool is_in_initial_await(const Backtrace& trace, std::size_t frame) {
    const std::size_t inner = frame > 0 ? frame - 1 : 0;
    for (std::size_t i = inner; i <= frame; ++i) {
        for (const SourceLine& line : trace.frames[i].place->lines) {
            if (line.function.find("await_resume") != std::string::npos) return true;
        }
    }
    return false;
}

class StackLook {
public:
    StackLook(Backtraces& backtraces, const Backtrace& trace)
        : backtraces_(backtraces), trace_(trace) {}

    UnwindOutlook run() {
        for (std::size_t i = 0; i < trace_.frames.size(); ++i) {
            if (!passes(i)) return outlook_;
        }
        if (cleanups_ > 0) {
            outlook_.facts.push_back(formatted("{} frame{} up on the way (destructors, handlers)",
                                               cleanups_, cleanups_ == 1 ? " cleans" : "s clean"));
        }
        if (trace_.cut) {
            outlook_.prospect = Prospect::unknown;
            outlook_.facts.emplace_back("the stack is deeper than was looked at");
        }
        return outlook_;
    }

private:
    // Does the unwinding come past this frame?
    bool passes(std::size_t index) {
        const Frame& frame = trace_.frames[index];
        const bool exact = index == 0 || frame.signal;
        // An asynchronous unwind starts at an instruction that need not be a call.
        const std::uint64_t ip = exact ? frame.ip : frame.ip - 1;
        const auto function = backtraces_.unwinder().function_at(ip);
        if (!function) return true;
        const UnwindEffect effect =
            effect_of_forced_unwind(backtraces_.unwinder().memory(), *function, ip);
        const std::string place = spot(*frame.place);
        switch (effect.what) {
            case OnUnwind::passes:
                return true;
            case OnUnwind::unknown:
                outlook_.prospect = Prospect::unknown;
                outlook_.facts.push_back(
                    formatted("the exception table of {} can't be read", place));
                return false;
            case OnUnwind::terminates:
                return terminates(frame);
            case OnUnwind::not_covered:
                if (is_asynchronous()) return no_safe_point(place, exact);
                return terminates(frame);
            case OnUnwind::cleans_up:
            case OnUnwind::catches:
                break;
        }
        HandlerOptions options;
        options.coroutine_has_begun = !is_in_initial_await(trace_, index);
        return is_passed_on(frame, effect, what_becomes_of(backtraces_, effect, options));
    }

    bool is_passed_on(const Frame& frame, const UnwindEffect& effect, Caught caught) {
        const bool catches = effect.what == OnUnwind::catches;
        const std::string place = spot(*frame.place);
        const std::string handler =
            catches ? formatted("catch ({}) in {}",
                                effect.by_name ? "abi::__forced_unwind&" : "...", place)
                    : formatted("the clean-up of {}", place);
        switch (caught) {
            case Caught::goes_on:
                if (!catches) ++cleanups_;
                if (catches) outlook_.facts.push_back(handler + " sees it and throws it again");
                return true;
            case Caught::swallowed:
                return aborts(handler +
                                  " swallows the forced unwind: libc then aborts (\"FATAL: "
                                  "exception not rethrown\")",
                              handler + ", swallowed the forced unwind");
            case Caught::terminates:
                if (!catches) return terminates(frame);
                // clang's way of saying noexcept.
                return effect.by_name ? aborts(handler + " calls std::terminate",
                                               handler + ", called std::terminate")
                                      : terminates(frame);
            case Caught::ends_process:
                return aborts(handler + " ends the process", handler + ", ended the process");
            case Caught::unknown:
                break;
        }
        outlook_.prospect = Prospect::unknown;
        outlook_.facts.push_back(
            handler +
            (catches ? " catches the forced unwind; whether it throws it again can't be told from "
                       "its code: if not, libc aborts (\"FATAL: exception not rethrown\")"
                     : ": whether the unwinding goes on behind it can't be told from its code"));
        outlook_.cause =
            catches ? handler + ", caught the forced unwind; whether it threw it again is not known"
                    : std::string();
        return false;
    }

    bool aborts(std::string fact, std::string cause) {
        outlook_.prospect = Prospect::aborts;
        outlook_.facts.push_back(std::move(fact));
        outlook_.cause = std::move(cause);
        return false;
    }

    bool terminates(const Frame& frame) {
        const std::string place = spot(*frame.place);
        const std::string which = "is noexcept" + or_inlined(*frame.place);
        return aborts(
            formatted("{} {}: the unwinding ends there in std::terminate", place, which),
            formatted("{}, {}: the forced unwind ended there in std::terminate", place, which));
    }

    // It is in code of its own, not in a call that waits.
    bool is_asynchronous() {
        return !is_in_system_call(backtraces_.unwinder().memory(), trace_.frames.front());
    }

    bool no_safe_point(const std::string& place, bool exact) {
        aborts({}, formatted("{}: its exception table doesn't cover the instruction that it was at",
                             place));
        outlook_.prospect = Prospect::unsafe;
        outlook_.facts.back() = formatted(
            "{} can't be unwound from {}: its exception table doesn't cover {} (the compiler saw "
            "that nothing throws there, or it is noexcept), which means std::terminate",
            place, exact ? "where it is" : "the call that it is in",
            exact ? "that instruction" : "that call");
        return false;
    }

    Backtraces& backtraces_;
    const Backtrace& trace_;
    UnwindOutlook outlook_;
    std::size_t cleanups_ = 0;
};

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
    UnwindOutlook outlook = StackLook(backtraces, trace).run();
    result.prospect = outlook.prospect;
    facts.insert(facts.end(), outlook.facts.begin(), outlook.facts.end());
    add_locks(false);
    return result;
}

std::string cause_of_abort(Backtraces& backtraces, const Backtrace& trace) {
    return StackLook(backtraces, trace).run().cause;
}

}  // namespace threadfault::diagnose
