// One test case for each point, so that a dashboard shows which it was.
#include "base/clean_text.hpp"
#include "format/format.hpp"
#include "sweep/report/report.hpp"

#include <map>

namespace threadfault::sweep {
namespace {

std::string in_xml(std::string_view text) {
    std::string xml;
    for (const char c : base::clean_text(text)) {
        if (c == '&') {
            xml += "&amp;";
        } else if (c == '<') {
            xml += "&lt;";
        } else if (c == '>') {
            xml += "&gt;";
        } else if (c == '"') {
            xml += "&quot;";
        } else if (c == '\n') {
            xml += "&#10;";
        } else {
            xml += c;
        }
    }
    return xml;
}

struct Case {
    const Point* point = nullptr;
    std::size_t experiments = 0;
    std::size_t settled = 0;
    double seconds = 0;
    std::vector<const Finding*> findings;
};

std::string failure(const Finding& finding, const Ledger& ledger) {
    const Result& result = *finding.result;
    std::string text = formatted("{} {}: {}\n", finding.who(), finding.what(), result.summary);
    for (const std::string& sentence : result.evidence)
        text += sentence + "\n";
    text += reproduce_command(ledger, finding.experiment.id);
    return formatted("      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                     to_string(result.outcome),
                     in_xml(formatted("{} {}: {}", finding.who(), finding.what(), result.summary)),
                     in_xml(text));
}

}  // namespace

std::string junit_report(const Findings& findings) {
    const Ledger& ledger = findings.ledger();
    std::map<std::string, Case> cases;
    for (const auto& [id, result] : ledger.results) {
        const Point* const point = findings.point_of(parse_id(id));
        if (point == nullptr) continue;
        Case& one = cases[point->group()];
        one.point = point;
        ++one.experiments;
        one.seconds += result.seconds;
        if (result.outcome != Outcome::not_reached && result.outcome != Outcome::inconclusive)
            ++one.settled;
    }
    std::size_t failures = 0;
    std::size_t skipped = 0;
    double seconds = 0;
    for (const Finding& finding : findings.all())
        if (!finding.accepted) cases[finding.point->group()].findings.push_back(&finding);
    std::string body;
    for (const auto& [group, one] : cases) {
        seconds += one.seconds;
        body +=
            formatted("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3f}\">\n",
                      in_xml(formatted("{} in {} [{}]", inject::info(one.point->call).name,
                                       one.point->site().text(), group.substr(group.size() - 8))),
                      in_xml(one.point->start), one.seconds);
        if (!one.findings.empty()) {
            ++failures;
            // A test case has one failure; the worst comes first.
            body += failure(*one.findings.front(), ledger);
        } else if (one.settled == 0) {
            ++skipped;
            body += "      <skipped message=\"the point was not reached\"/>\n";
        }
        body += "    </testcase>\n";
    }
    const Coverage& coverage = findings.coverage();
    std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    xml += formatted(
        "<testsuites tests=\"{0}\" failures=\"{1}\" skipped=\"{2}\" time=\"{3:.3f}\">\n"
        "  <testsuite name=\"{4}\" tests=\"{0}\" failures=\"{1}\" errors=\"0\" "
        "skipped=\"{2}\" time=\"{3:.3f}\">\n    <properties>\n",
        cases.size(), failures, skipped, seconds,
        in_xml(formatted("sweep of {}", joined(ledger.command, " "))));
    const auto property = [&](std::string_view name, const std::string& value) {
        xml += formatted("      <property name=\"{}\" value=\"{}\"/>\n", name, in_xml(value));
    };
    property("seed", std::to_string(ledger.seed));
    property("experiments", std::to_string(ledger.results.size()));
    property("points", std::to_string(coverage.points));
    property("points_tried", std::to_string(coverage.tried));
    property("coverage_percent", formatted("{:.1f}", coverage.percent()));
    for (const std::string& gap : coverage.gaps)
        property("not_covered", gap);
    return xml + "    </properties>\n" + body + "  </testsuite>\n</testsuites>\n";
}

}  // namespace threadfault::sweep
