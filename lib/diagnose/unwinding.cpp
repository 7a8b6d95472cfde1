#include "diagnose/unwinding.hpp"

#include "arch/code.hpp"
#include "diagnose/lsda.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"

#include <array>
#include <optional>
#include <utility>

namespace threadfault::diagnose {
namespace {

// Of several functions in one piece of code no table tells which of them is noexcept.
std::string inlined_into(const CodePlace& place) {
    std::string names;
    for (const SourceLine& line : place.lines) {
        if (!line.inlined) continue;
        names += (names.empty() ? "" : ", ") + observe::without_parameters(line.function);
    }
    return names;
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
    StackLook(Backtraces& backtraces, const Backtrace& trace, bool refused)
        : backtraces_(backtraces), trace_(trace), refused_(refused) {}

    UnwindOutlook run() {
        for (std::size_t i = 0; i < trace_.frames.size(); ++i) {
            if (!passes(i)) return outlook_;
        }
        if (cleanups_ > 0) {
            say(Code::clean_up_runs, {{"frames", cleanups_}});
        }
        if (!trace_.why.empty()) {
            outlook_.prospect = Prospect::unknown;
            say(Code::stack_incomplete,
                {{"why", trace_.why.text}, {"why_code", std::string(to_string(trace_.why.code))}});
        }
        if (trace_.cut) {
            outlook_.prospect = Prospect::unknown;
            say(Code::stack_too_deep, {});
        }
        return outlook_;
    }

private:
    using Code = drive::GroundCode;
    using Data = decltype(drive::Ground::data);

    void say(Code code, Data data) { outlook_.grounds.push_back({code, std::move(data)}); }

    // Does the unwinding come past this frame?
    bool passes(std::size_t index) {
        const Frame& frame = trace_.frames[index];
        const UnwindEffect effect = effect_at(backtraces_, trace_, index);
        const std::string place = spot(*frame.place);
        switch (effect.what) {
            case OnUnwind::passes:
                return true;
            case OnUnwind::unknown:
                outlook_.prospect = Prospect::unknown;
                say(Code::table_unreadable, {{"place", place}});
                return false;
            case OnUnwind::terminates:
                return terminates(frame);
            case OnUnwind::not_covered:
                if (refused_ && is_asynchronous()) {
                    return no_safe_point(place, index == 0 || frame.signal);
                }
                return terminates(frame);
            case OnUnwind::cleans_up:
            case OnUnwind::catches:
                break;
        }
        HandlerOptions options;
        options.coroutine_has_begun = !is_in_initial_await(trace_, index);
        const Handling handling = what_becomes_of(backtraces_, effect, options);
        if (!is_passed_on(index, effect, handling.caught)) return false;
        if (handling.begins_catch && !first_catch_) first_catch_ = index;
        if (!handling.ends_another) return true;
        if (first_catch_) return meets_another(*first_catch_, frame);
        return true;
    }

    bool is_passed_on(std::size_t index, const UnwindEffect& effect, Caught caught) {
        const Frame& frame = trace_.frames[index];
        const bool catches = effect.what == OnUnwind::catches;
        const std::string place = spot(*frame.place);
        const std::string handler =
            catches ? formatted("catch ({}) in {}",
                                effect.by_name ? "abi::__forced_unwind&" : "...", place)
                    : formatted("the clean-up of {}", place);
        switch (caught) {
            case Caught::goes_on:
                outlook_.run.push_back(index);
                if (!catches) ++cleanups_;
                if (catches) say(Code::catch_rethrows, {{"handler", handler}, {"place", place}});
                return true;
            case Caught::swallowed:
                return aborts(Code::catch_swallows, {{"handler", handler}, {"place", place}});
            case Caught::terminates:
                if (!catches) return terminates(frame);
                // clang's way of saying noexcept.
                return effect.by_name ? aborts(Code::handler_terminates,
                                               {{"handler", handler}, {"place", place}})
                                      : terminates(frame);
            case Caught::ends_process:
                return aborts(Code::handler_ends_process, {{"handler", handler}, {"place", place}});
            case Caught::unknown:
                break;
        }
        outlook_.prospect = Prospect::unknown;
        say(catches ? Code::catch_unknown : Code::clean_up_unknown,
            {{"handler", handler}, {"place", place}});
        if (catches) outlook_.cause = outlook_.grounds.back();
        return false;
    }

    // __cxa_begin_catch in the frame `catcher`, while `frame` has an exception in hand.
    bool meets_another(std::size_t catcher, const Frame& frame) {
        return aborts(
            Code::catch_meets_another,
            {{"handler", formatted("the catch clause in {}", spot(*trace_.frames[catcher].place))},
             {"place", spot(*frame.place)}});
    }

    bool aborts(Code code, Data data) {
        outlook_.prospect = Prospect::aborts;
        say(code, std::move(data));
        outlook_.cause = outlook_.grounds.back();
        return false;
    }

    bool terminates(const Frame& frame) {
        return aborts(Code::noexcept_frame,
                      {{"place", spot(*frame.place)}, {"inlined", inlined_into(*frame.place)}});
    }

    // It is in code of its own, not in a call that waits.
    bool is_asynchronous() { return !is_in_system_call(backtraces_, trace_); }

    bool no_safe_point(const std::string& place, bool exact) {
        aborts(Code::not_unwindable_here, {{"place", place}, {"exact", exact}});
        outlook_.prospect = Prospect::unsafe;
        return false;
    }

    Backtraces& backtraces_;
    const Backtrace& trace_;
    bool refused_;
    UnwindOutlook outlook_;
    std::int64_t cleanups_ = 0;
    std::optional<std::size_t> first_catch_;  // frame whose catch clause was entered first
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

std::string spot(const CodePlace& place) {
    const SourceLine& line = place.lines.back();
    std::string name = line.function.empty() ? formatted("{}+{:#x}", place.module, place.offset)
                                             : observe::without_parameters(line.function);
    if (line.file.empty() || line.line <= 0) return name;
    return formatted("{}, {}:{}", name, line.file.substr(line.file.rfind('/') + 1), line.line);
}

bool is_in_system_call(Backtraces& backtraces, const Backtrace& trace) {
    // It has the instruction behind it.
    std::array<unsigned char, arch::kSystemCall.size()> code{};
    const std::uint64_t ip = trace.frames.front().ip;
    return backtraces.unwinder().memory().read(ip - code.size(), code.data(), code.size()) &&
           code == arch::kSystemCall;
}

UnwindEffect effect_at(Backtraces& backtraces, const Backtrace& trace, std::size_t frame) {
    const bool exact = frame == 0 || trace.frames[frame].signal;
    // An asynchronous unwind starts at an instruction that need not be a call.
    const std::uint64_t ip = trace.frames[frame].ip - (exact ? 0 : 1);
    const auto function = backtraces.unwinder().function_at(ip);
    if (!function) return {};
    return effect_of_forced_unwind(backtraces.unwinder().memory(), *function, ip);
}

UnwindOutlook look_up_the_stack(Backtraces& backtraces, const Backtrace& trace, bool refused) {
    return StackLook(backtraces, trace, refused).run();
}

}  // namespace threadfault::diagnose
