#include "scenario/result.hpp"

#include "format/format.hpp"

#include <iterator>

namespace threadfault::scenario {

std::string_view to_string(FailureKind kind) noexcept {
    // docs/json.md and test.schema.json have the same.
    constexpr std::string_view kNames[] = {
        "error",          "timed_out",       "no_such_process", "several_processes",
        "no_such_thread", "no_effect",       "command_failed",  "ended_unforeseen",
        "not_ended",      "ended_otherwise", "not_alive",       "probe_failed",
        "wrong_threads",  "wrong_progress",  "orphaned_locks",  "no_orphaned_locks",
        "output_missing", "output_unwanted", "output_lost"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(FailureKind::output_lost) + 1);
    return kNames[static_cast<std::size_t>(kind)];
}

std::string TestResult::title() const {
    return repetitions > 1 ? formatted("{} [{}/{}]", name, repetition, repetitions) : name;
}

Summary summarise(const std::vector<TestResult>& results, std::size_t planned) {
    Summary summary;
    for (const TestResult& result : results) {
        if (result.interrupted) continue;
        (result.passed() ? summary.passed : summary.failed)++;
        if (result.failure && result.failure->no_test) ++summary.errors;
    }
    summary.not_run = planned - summary.passed - summary.failed;
    return summary;
}

}  // namespace threadfault::scenario
