// Can a thread be unwound from where it is? A thread that waits can; one that computes may be at an
// instruction that its function's exception table does not cover.
#ifndef THREADFAULT_DIAGNOSE_SAFE_POINT_HPP
#define THREADFAULT_DIAGNOSE_SAFE_POINT_HPP

#include "diagnose/backtrace.hpp"

#include <string>

namespace threadfault::diagnose {

// A thread that runs is looked at several times: the first trace from which it can't be unwound,
// otherwise the first one.
Backtrace take_least_safe(Backtraces& backtraces, const Thread& thread);

// A sentence; "": nothing speaks against it.
std::string why_no_safe_point(Backtraces& backtraces, const Backtrace& trace);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SAFE_POINT_HPP
