// https://testanything.org/tap-version-14-specification.html
#include "base/clean_text.hpp"
#include "format/format.hpp"
#include "scenario/report/report.hpp"

#include <algorithm>

namespace threadfault::scenario {
namespace {

// A description is one line, in which "#" would begin a directive.
std::string description(const TestResult& result) {
    std::string text;
    for (const char c : base::clean_line(result.file + ": " + result.title())) {
        if (c == '#' || c == '\\') text += '\\';
        text += c;
    }
    return text;
}

// A block scalar keeps what it is given, whatever is in it; it needs an indentation that is said
// where the first line begins with a space.
std::string block(const std::string& key, const std::vector<std::string>& lines) {
    std::string text = formatted("  {}: |2\n", key);
    for (const std::string& line : lines)
        text += line.empty() ? "\n" : formatted("    {}\n", line);
    return text;
}

}  // namespace

std::string tap_header(std::size_t planned) {
    return formatted("TAP version 14\n1..{}\n", planned);
}

std::string tap_point(const TestResult& result, std::size_t number) {
    std::string text =
        formatted("{} {} - {}\n", result.passed() ? "ok" : "not ok", number, description(result));
    text += "  ---\n";
    text += formatted("  duration_ms: {:.3f}\n  seed: {}\n", result.seconds * 1000, result.seed);
    if (result.interrupted) text += "  message: interrupted\n";
    if (result.failure) {
        text += block("message", explanation(*result.failure));
        std::vector<std::string> journal;
        for (const std::string& entry : result.journal) {
            const std::vector<std::string> lines = base::lines_of(base::clean_text(entry));
            journal.insert(journal.end(), lines.begin(), lines.end());
        }
        if (!journal.empty()) text += block("journal", journal);
    }
    return text + "  ...\n";
}

std::string tap_bail_out() {
    return "Bail out! interrupted\n";
}

}  // namespace threadfault::scenario
