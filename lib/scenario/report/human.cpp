#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "scenario/report/report.hpp"

#include <algorithm>

namespace threadfault::scenario {
namespace {

// A command's whole output may be in it.
constexpr std::size_t kMostMessage = std::size_t{16} * 1024;

void add_block(std::vector<std::string>& lines, const std::string& title, const std::string& text) {
    if (text.empty()) return;
    lines.push_back(title + ":");
    for (const std::string& line : base::lines_of(base::clean_text(text)))
        lines.push_back("  " + line);
}

std::string painted(const char* code, std::string_view text, bool color) {
    return color ? formatted("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace

std::vector<std::string> explanation(const Failure& failure) {
    std::vector<std::string> lines;
    for (const std::string& line :
         base::lines_of(base::clean_text(base::cut_middle(failure.message, kMostMessage)))) {
        lines.push_back(lines.empty()
                            ? formatted("{}: {}", base::clean_line(failure.place.text()), line)
                            : "  " + line);
    }
    if (!failure.step.empty()) lines.push_back("step: " + base::clean_message(failure.step));
    if (!failure.ending.empty()) lines.push_back("the target: " + base::clean_line(failure.ending));
    if (!failure.verdict.empty()) lines.push_back("verdict: " + failure.verdict);
    for (const std::string& sentence : failure.evidence)
        lines.push_back("  " + base::clean_line(sentence));
    add_block(lines, "locks", failure.locks);
    add_block(lines, "the victim's last stack", failure.stack);
    add_block(lines, "the target's last output", failure.output);
    return lines;
}

std::string human_result(const TestResult& result, bool color, bool verbose) {
    const std::string word = result.interrupted        ? painted("33", "INTERRUPTED", color)
                             : result.passed()         ? painted("32", "ok", color)
                             : result.failure->no_test ? painted("31", "ERROR", color)
                                                       : painted("31", "FAILED", color);
    std::string text =
        formatted("{}  {}: {} ({})\n", word, base::clean_line(result.file),
                  base::clean_line(result.title()), base::short_duration(result.seconds));
    if (!result.failure && !verbose) return text;
    if (result.failure) {
        for (const std::string& line : explanation(*result.failure))
            text += formatted("    {}\n", line);
    }
    if (!result.journal.empty()) text += "    what was done:\n";
    for (const std::string& entry : result.journal) {
        for (const std::string& line : base::lines_of(base::clean_text(entry)))
            text += formatted("      {}\n", line);
    }
    if (result.failure) text += formatted("    repeat with: --seed {}\n", result.seed);
    return text;
}

std::string human_durations(const std::vector<TestResult>& results, std::size_t count) {
    std::vector<const TestResult*> slowest;
    slowest.reserve(results.size());
    for (const TestResult& result : results)
        slowest.push_back(&result);
    std::stable_sort(slowest.begin(), slowest.end(), [](const TestResult* a, const TestResult* b) {
        return a->seconds > b->seconds;
    });
    if (slowest.size() > count) slowest.resize(count);
    if (slowest.empty()) return "";
    std::string text = slowest.size() == 1 ? "the slowest test:\n"
                                           : formatted("the slowest {} tests:\n", slowest.size());
    for (const TestResult* result : slowest) {
        text += formatted("{:>10}  {}: {}\n", base::short_duration(result->seconds),
                          base::clean_line(result->file), base::clean_line(result->title()));
    }
    return text;
}

std::string human_summary(const Summary& summary, bool color) {
    std::string text =
        formatted("{} passed, {} failed", summary.passed, summary.failed - summary.errors);
    if (summary.errors > 0)
        text += formatted(", {} error{}", summary.errors, summary.errors == 1 ? "" : "s");
    if (summary.not_run > 0) text += formatted(", {} not run", summary.not_run);
    const char* code = summary.failed > 0 ? "31" : summary.not_run > 0 ? "33" : "32";
    return formatted("{}, {}, seed {}\n", painted(code, text, color),
                     base::short_duration(summary.seconds), summary.seed);
}

}  // namespace threadfault::scenario
