#include "scenario/result.hpp"

#include "format/format.hpp"

namespace threadfault::scenario {

std::string TestResult::title() const {
    return repetitions > 1 ? formatted("{} [{}/{}]", name, repetition, repetitions) : name;
}

Summary summarise(const std::vector<TestResult>& results, std::size_t planned) {
    Summary summary;
    for (const TestResult& result : results) {
        if (result.interrupted) continue;
        (result.passed() ? summary.passed : summary.failed)++;
    }
    summary.not_run = planned - summary.passed - summary.failed;
    return summary;
}

}  // namespace threadfault::scenario
