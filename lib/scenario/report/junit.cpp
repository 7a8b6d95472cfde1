#include "base/clean_text.hpp"
#include "format/format.hpp"
#include "scenario/report/report.hpp"

#include <algorithm>

namespace threadfault::scenario {
namespace {

std::string escaped(std::string_view text, bool attribute) {
    std::string xml;
    for (const char c : attribute ? base::clean_line(text) : base::clean_text(text)) {
        switch (c) {
            case '&':
                xml += "&amp;";
                break;
            case '<':
                xml += "&lt;";
                break;
            case '>':
                xml += "&gt;";
                break;
            case '"':
                xml += attribute ? "&quot;" : "\"";
                break;
            default:
                xml += c;
        }
    }
    return xml;
}

struct Counts {
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
    double seconds = 0;
};

std::string test_case(const TestResult& result) {
    std::string xml =
        formatted("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3f}\">\n",
                  escaped(result.title(), true), escaped(result.file, true), result.seconds);
    if (result.interrupted) xml += "      <skipped message=\"interrupted\"/>\n";
    if (result.failure) {
        const std::vector<std::string> lines = explanation(*result.failure);
        xml += formatted("      <{0} type=\"scenario\" message=\"{1}\">{2}</{0}>\n",
                         result.failure->no_test ? "error" : "failure",
                         escaped(lines.front(), true), escaped(joined(lines, "\n"), false));
    }
    if (!result.journal.empty()) {
        xml += formatted(
            "      <system-out>{}</system-out>\n",
            escaped(formatted("{}\nseed {}", joined(result.journal, "\n"), result.seed), false));
    }
    return xml + "    </testcase>\n";
}

void add(Counts& counts, const TestResult& result) {
    counts.tests++;
    if (result.failure) (result.failure->no_test ? counts.errors : counts.failures)++;
    counts.skipped += result.interrupted ? 1 : 0;
    counts.seconds += result.seconds;
}

std::string suite(const std::string& file, const std::vector<TestResult>& results) {
    Counts counts;
    std::string cases;
    for (const TestResult& result : results) {
        if (result.file != file) continue;
        add(counts, result);
        cases += test_case(result);
    }
    return formatted(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
        "time=\"{:.3f}\">\n{}  </testsuite>\n",
        escaped(file, true), counts.tests, counts.failures, counts.errors, counts.skipped,
        counts.seconds, cases);
}

}  // namespace

std::string junit_report(const std::vector<TestResult>& results, const Summary& summary) {
    std::vector<std::string> files;
    for (const TestResult& result : results) {
        if (std::find(files.begin(), files.end(), result.file) == files.end())
            files.push_back(result.file);
    }
    std::string suites;
    for (const std::string& file : files)
        suites += suite(file, results);
    Counts all;
    for (const TestResult& result : results)
        add(all, result);
    return formatted(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"threadfault\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
        "time=\"{:.3f}\">\n{}</testsuites>\n",
        all.tests, all.failures, all.errors, summary.seconds, suites);
}

}  // namespace threadfault::scenario
