// What the code of a catch clause does with what it has caught.
#ifndef THREADFAULT_DIAGNOSE_HANDLERS_HPP
#define THREADFAULT_DIAGNOSE_HANDLERS_HPP

#include "diagnose/backtrace.hpp"

#include <cstdint>

namespace threadfault::diagnose {

enum class Caught : std::uint8_t {
    thrown_again,  // it calls __cxa_rethrow
    swallowed,     // it ends the exception (__cxa_end_catch), and nothing in it throws again
    terminates,    // it does nothing but call std::terminate: clang's noexcept
    unknown,       // both, as under a condition; or its code can't be followed
};

// A bounded look at the code of `function` from the landing pad on.
Caught what_becomes_of(Backtraces& backtraces, const FunctionInfo& function, std::uint64_t pad);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_HANDLERS_HPP
