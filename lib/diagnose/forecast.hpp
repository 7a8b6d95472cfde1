// What a thread's death would do, said before it is done.
#ifndef THREADFAULT_DIAGNOSE_FORECAST_HPP
#define THREADFAULT_DIAGNOSE_FORECAST_HPP

#include "diagnose/backtrace.hpp"
#include "diagnose/locks_at_stake.hpp"
#include "diagnose/unwinding.hpp"
#include "drive/threads/thread_view.hpp"
#include "wire/wire.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::diagnose {

struct Forecast {
    Prospect prospect = Prospect::unknown;
    std::vector<drive::Ground> grounds;  // the most important first
    std::vector<LockAtStake> orphans;    // that would not be released, as far as is known
};

// `thread` with its cancellation state; `trace` of the same thread, taken a moment ago: it may be
// elsewhere by the time that the fault comes. `locks` that it has, with names.
Forecast forecast(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace,
                  const std::vector<LockAtStake>& locks, wire::Fault how);

// Why an unwinding from there ends in an abort, after it has; in sentence_afterwards()'s words:
// "catch (...) in handle_request, server.cpp:120, swallowed the forced unwind". nullopt: nothing on
// that stack says so.
std::optional<drive::Ground> cause_of_abort(Backtraces& backtraces, const Backtrace& trace);

// As grounds have it.
drive::GroundLock ground_lock(const LockAtStake& one);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_FORECAST_HPP
