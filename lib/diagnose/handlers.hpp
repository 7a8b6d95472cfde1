// What the code of a landing pad does with an unwinding thread: it is walked from its first
// instruction on, both ways where a branch can't be decided.
#ifndef THREADFAULT_DIAGNOSE_HANDLERS_HPP
#define THREADFAULT_DIAGNOSE_HANDLERS_HPP

#include "diagnose/callees.hpp"
#include "diagnose/lsda.hpp"
#include "diagnose/machine.hpp"

#include <cstdint>
#include <functional>

namespace threadfault::diagnose {

enum class Caught : std::uint8_t {
    goes_on,       // the unwinding goes on in the next frame: resumed, or thrown again
    swallowed,     // it ends the exception (__cxa_end_catch)
    terminates,    // it calls std::terminate, or comes to a place that must not throw
    ends_process,  // it calls abort or exit
    unknown,       // it depends, or its code can't be followed
};

struct HandlerOptions {
    // The thread stands behind the point where a coroutine of g++'s has begun: a flag in its frame,
    // which the handler looks at first.
    bool coroutine_has_begun = true;
    // Registers and what lies on the stack are taken as they are now; nullptr: neither is known.
    const Frame* frame = nullptr;
    // Functions that the clean-up calls are followed, too, and told of.
    std::function<void(const Callee& callee, const MachineValue& first_argument)> on_call = {};
    // A call through a pointer whose value is not known, or code that can't be read.
    std::function<void()> on_unknown_call = {};
};

struct Handling {
    Caught caught = Caught::unknown;
    // The C++ runtime takes no forced unwinding while it has another exception in hand: it begins a
    // catch clause, and ends an exception that it has not begun.
    bool begins_catch = false;
    bool ends_another = false;
};

// `effect` is cleans_up or catches.
Handling what_becomes_of(Backtraces& backtraces, const UnwindEffect& effect,
                         const HandlerOptions& options);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_HANDLERS_HPP
