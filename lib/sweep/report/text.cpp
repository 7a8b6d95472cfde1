#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "sweep/report/report.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace threadfault::sweep {
namespace {

std::string painted(std::string_view text, const char* code, bool color) {
    return color ? formatted("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

const char* color_of(Outcome outcome) {
    return is_finding(outcome) ? "31" : outcome == Outcome::survived ? "32" : "33";
}

// Compilers write what they were given: names are often relative to a directory that only the build
// knew. From here upwards there is the same file, or none.
std::string find_source(const std::string& name) {
    std::error_code none;
    if (name.empty() || name.front() == '/') return name;
    std::filesystem::path file = std::filesystem::path(name).lexically_normal();
    while (!file.empty() && *file.begin() == "..")
        file = file.lexically_relative("..");
    std::filesystem::path directory = std::filesystem::current_path(none);
    constexpr int kLevels = 6;
    for (int level = 0; level < kLevels; ++level, directory = directory.parent_path()) {
        const std::filesystem::path found = directory / file;
        if (std::filesystem::is_regular_file(found, none)) return found.string();
    }
    return name;
}

std::string told(const Finding& finding, const Ledger& ledger, bool color) {
    const Result& result = *finding.result;
    std::string text = formatted(
        "{}  {} {}:\n  {}", painted(to_string(result.outcome), color_of(result.outcome), color),
        finding.who(), finding.what(), result.summary);
    for (std::size_t i = 0; i < std::min<std::size_t>(result.evidence.size(), 2); ++i)
        text += "\n  " + result.evidence[i];
    std::vector<std::string> held;
    for (const Held& lock : finding.point->held())
        held.push_back(lock.name);
    if (!held.empty()) text += formatted("\n  held: {}", joined(held, ", "));
    return base::clean_text(text) == text || color
               ? formatted("{}\n  {}\n", text, reproduce_command(ledger, finding.experiment.id))
               : formatted("{}\n  {}\n", base::clean_text(text),
                           reproduce_command(ledger, finding.experiment.id));
}

}  // namespace

std::string text_report(const Findings& findings, bool color) {
    const Ledger& ledger = findings.ledger();
    const Coverage& coverage = findings.coverage();
    std::string text;
    constexpr std::size_t kWorst = 3;
    std::size_t shown = 0;
    for (const Finding& finding : findings.all()) {
        if (finding.accepted || shown == kWorst) break;
        text += told(finding, ledger, color) + "\n";
        ++shown;
    }
    std::vector<std::string> counts;
    for (const Outcome outcome : kOutcomes) {
        const std::size_t count = findings.outcomes().at(outcome);
        if (count > 0) counts.push_back(formatted("{} {}", count, to_string(outcome)));
    }
    const std::size_t known = findings.all().size() - findings.fresh();
    text += formatted("{} experiments: {}\n", ledger.results.size(),
                      counts.empty() ? "none" : joined(counts, ", "));
    text += formatted("{} finding{}{}{}\n", findings.fresh(), findings.fresh() == 1 ? "" : "s",
                      findings.fresh() > shown ? formatted(", the {} worst are above", shown) : "",
                      known > 0 ? formatted(" ({} more accepted by the baseline)", known) : "");
    text += formatted("covered: {} of {} points ({:.0f} %); seed {}\n", coverage.tried,
                      coverage.points, coverage.percent(), ledger.seed);
    text += "not covered:\n";
    for (const std::string& gap : coverage.gaps)
        text += formatted("  {}\n", gap);
    return text;
}

std::string story(const Point* point, const Experiment& experiment, const Result& result,
                  bool color) {
    std::string text =
        formatted("{}: {}\n", painted(to_string(result.outcome), color_of(result.outcome), color),
                  result.summary.empty() ? "the program did as it does alone" : result.summary);
    text += formatted("  {}\n", experiment.id);
    if (point != nullptr) {
        for (const Frame& frame : point->frames)
            text += formatted("    {}\n", base::clean_line(frame.text()));
        text += excerpt(point->site(), 3);
    }
    for (const std::string& sentence : result.evidence)
        text += formatted("  {}\n", base::clean_line(sentence));
    text += result.lock_tree;
    if (!result.errors.empty()) text += "standard error:\n" + result.errors;
    return text;
}

std::string excerpt(const Frame& frame, int around) {
    std::ifstream file(find_source(frame.file));
    if (frame.file.empty() || frame.line <= 0 || !file) return {};
    std::string text;
    std::string line;
    for (int number = 1; number <= frame.line + around && std::getline(file, line); ++number) {
        if (number < frame.line - around) continue;
        text += formatted("{}{:5}  {}\n", number == frame.line ? '>' : ' ', number,
                          base::clean_text(line));
    }
    return text;
}

void write_reports(const Findings& findings, const std::string& directory) {
    const auto write = [&](const char* name, const std::string& content) {
        const std::string file = formatted("{}/{}", directory, name);
        // Beside it and then into its place: a reader never meets half a report.
        const std::string fresh = file + ".new";
        std::ofstream(fresh, std::ios::binary) << content;
        std::error_code cause;
        if (std::ifstream written(fresh, std::ios::ate | std::ios::binary);
            !written || static_cast<std::size_t>(written.tellg()) != content.size() ||
            std::rename(fresh.c_str(), file.c_str()) != 0) {
            cause = std::error_code(errno, std::generic_category());
            throw Error(ErrorCode::not_written, formatted("can't write {}", file), "", cause);
        }
    };
    write("report.json", json_report(findings, 2));
    write("junit.xml", junit_report(findings));
    write("report.html", html_report(findings));
}

}  // namespace threadfault::sweep
