#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/json_schema.hpp"
#include "scenario/report/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace threadfault::scenario {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(base::clean_text(text));
}

Json cleaned(const std::vector<std::string>& texts) {
    Json array = Json::array();
    for (const std::string& text : texts)
        array.push_back(base::clean_text(text));
    return array;
}

Json grounds(const Failure& failure) {
    Json array = Json::array();
    for (std::size_t i = 0; i < std::min(failure.codes.size(), failure.evidence.size()); ++i) {
        array.push_back(
            {{"code", failure.codes[i]}, {"text", base::clean_text(failure.evidence[i])}});
    }
    return array;
}

Json failure_json(const Failure& failure) {
    const bool is_error = failure.kind == FailureKind::error;
    return {{"code", is_error ? to_string(failure.error) : to_string(failure.kind)},
            {"line", failure.place.line},
            {"column", failure.place.column},
            {"step", or_null(failure.step)},
            {"message", base::clean_text(failure.message)},
            {"ending", or_null(failure.ending)},
            {"verdict", or_null(failure.verdict)},
            {"evidence", cleaned(failure.evidence)},
            {"grounds", grounds(failure)},
            {"locks", or_null(failure.locks)},
            {"stack", or_null(failure.stack)},
            {"output", or_null(failure.output)}};
}

}  // namespace

std::string json_report(const std::vector<TestResult>& results, const Summary& summary) {
    Json tests = Json::array();
    for (const TestResult& result : results) {
        tests.push_back(
            {{"file", base::clean_text(result.file)},
             {"name", base::clean_text(result.name)},
             {"repetition", result.repetition},
             {"outcome", result.interrupted ? "interrupted"
                         : result.passed()  ? "passed"
                                            : "failed"},
             {"seconds", base::rounded(result.seconds, base::kMillis)},
             {"seed", result.seed},
             {"failure", result.failure ? failure_json(*result.failure) : Json(nullptr)},
             {"journal", cleaned(result.journal)}});
    }
    const Json report = {{"schema", base::kJsonSchema},
                         {"tests", tests},
                         {"passed", summary.passed},
                         {"failed", summary.failed},
                         {"errors", summary.errors},
                         {"not_run", summary.not_run},
                         {"seconds", base::rounded(summary.seconds, base::kMillis)},
                         {"seed", summary.seed}};
    return report.dump() + "\n";
}

}  // namespace threadfault::scenario
