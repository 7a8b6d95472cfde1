// What became of a test, for every kind of report.
#ifndef THREADFAULT_SCENARIO_RESULT_HPP
#define THREADFAULT_SCENARIO_RESULT_HPP

#include "scenario/model.hpp"
#include "threadfault/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::scenario {

// Why a test failed, and what was to be seen at that moment. "" and empty: not known, or it does
// not apply.
// What kind of thing was not as it should be. Where an error ended the step it is error, and
// Failure::error its code.
enum class FailureKind : std::uint8_t {
    error,
    timed_out,
    no_such_process,
    several_processes,
    no_such_thread,
    no_effect,
    command_failed,
    ended_unforeseen,
    not_ended,
    ended_otherwise,
    not_alive,
    probe_failed,
    wrong_threads,
    wrong_progress,
    orphaned_locks,
    no_orphaned_locks,
    output_missing,
    output_unwanted,
    output_lost,
};

// "timed_out", as JSON has it.
[[nodiscard]] std::string_view to_string(FailureKind kind) noexcept;

struct Failure {
    Place place;           // of the step, or of the test where no step is to blame
    bool no_test = false;  // the test could not run: the target did not start
    std::string step;      // as written
    FailureKind kind = FailureKind::error;
    ErrorCode error = ErrorCode::internal;  // of that kind
    std::string message;                    // what was expected, and what was seen instead
    std::string ending;                     // how the target had ended
    std::string verdict;                    // what watching it for a moment says: "stuck"
    std::vector<std::string> evidence;      // for the verdict
    std::vector<std::string> codes;         // of each sentence of that
    std::string locks;                      // who waits for whom
    std::string stack;                      // of the latest victim
    std::string output;                     // the target's last lines
};

struct TestResult {
    std::string file;
    std::string name;
    std::size_t repetition = 1;  // from 1
    std::size_t repetitions = 1;
    std::uint64_t seed = 0;  // of its random choices
    double seconds = 0;
    std::optional<Failure> failure;
    std::string not_kept;              // a log that could not be written, and why
    bool interrupted = false;          // ended by the user: neither passed nor failed
    std::vector<std::string> journal;  // what was done and seen, a line each

    bool passed() const noexcept { return !failure && !interrupted; }
    // "name", or "name [3/20]" where tests are repeated.
    std::string title() const;
};

struct Summary {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t errors = 0;   // of the failed: the test could not run
    std::size_t not_run = 0;  // because the user ended it
    double seconds = 0;
    std::uint64_t seed = 0;
};

Summary summarise(const std::vector<TestResult>& results, std::size_t planned);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_RESULT_HPP
