// What an unwinding would meet on its way up a stack.
#ifndef THREADFAULT_DIAGNOSE_UNWINDING_HPP
#define THREADFAULT_DIAGNOSE_UNWINDING_HPP

#include "diagnose/backtrace.hpp"
#include "diagnose/handlers.hpp"
#include "drive/grounds/grounds.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::diagnose {

enum class Prospect : std::uint8_t {
    ends,    // the thread ends, the process lives
    stays,   // the thread survives: the request stays pending
    aborts,  // the process dies of it
    unsafe,  // no safe point: `kill` waits for a better moment, or refuses
    unknown,
};

std::string_view to_string(Prospect prospect) noexcept;

struct UnwindOutlook {
    Prospect prospect = Prospect::ends;
    std::vector<drive::Ground> grounds;
    std::optional<drive::Ground> cause;  // aborts: the one of them that it dies of
    std::vector<std::size_t> run;        // frames of which code is run on the way
};

// `refused`: where the code that the thread runs can't be unwound, `kill` refuses: unsafe in the
// place of aborts.
UnwindOutlook look_up_the_stack(Backtraces& backtraces, const Backtrace& trace, bool refused);

// The frame's own exception table: what a forced unwinding does there.
UnwindEffect effect_at(Backtraces& backtraces, const Backtrace& trace, std::size_t frame);

// Of a trace with frames: does it wait in the kernel?
bool is_in_system_call(Backtraces& backtraces, const Backtrace& trace);

// "function, file.cpp:12": the function that has code of its own; the others are inlined into it.
std::string spot(const CodePlace& place);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_UNWINDING_HPP
