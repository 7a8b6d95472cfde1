// What a thread's death would do, said before it is done.
#ifndef THREADFAULT_DIAGNOSE_FORECAST_HPP
#define THREADFAULT_DIAGNOSE_FORECAST_HPP

#include "diagnose/backtrace.hpp"
#include "drive/threads/thread_view.hpp"
#include "wire/wire.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::diagnose {

enum class Prospect : std::uint8_t {
    ends,    // the thread ends, the process lives
    stays,   // the thread lives on: the request stays pending
    aborts,  // the process dies of it
    unsafe,  // inside the allocator, the loader or stdio: `kill` waits for a better moment
    unknown,
};

std::string_view to_string(Prospect prospect) noexcept;

struct Forecast {
    Prospect prospect = Prospect::unknown;
    std::vector<std::string> facts;  // sentences, the most important first
};

// `thread` with its cancellation state and what it holds; `trace` of the same thread, taken a
// moment ago: it may be elsewhere by the time that the fault comes.
Forecast forecast(Backtraces& backtraces, const drive::ThreadView& thread, const Backtrace& trace,
                  wire::Fault how);

// Why an unwinding from there ends in an abort, after it has: "catch (...) in handle_request,
// server.cpp:120, swallowed the forced unwind". "": nothing on that stack says so.
std::string cause_of_abort(Backtraces& backtraces, const Backtrace& trace);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_FORECAST_HPP
