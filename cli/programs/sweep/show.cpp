#include "programs/sweep/show.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "programs/print.hpp"
#include "sweep/deeds.hpp"
#include "sweep/findings.hpp"
#include "sweep/plan.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

namespace threadfault::sweep {

using cli::print;

namespace {

std::size_t error_columns() {
    const char* const kind = std::getenv("TERM");
    if (isatty(STDERR_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace

std::string points_text(const Ledger& ledger, const Options& options) {
    std::map<std::string, std::vector<const Point*>> groups;
    for (const Point& point : ledger.census.points)
        groups[point.group()].push_back(&point);
    const Plan plan = make_plan(ledger.census.points, options, ledger.census.handles_signals);
    std::map<std::string, std::size_t> experiments;
    for (const Experiment& experiment : plan.experiments)
        ++experiments[experiment.point->group()];
    std::string text;
    for (const auto& [name, group] : groups) {
        std::uint64_t passages = 0;
        for (const Point* point : group)
            passages += point->count;
        std::vector<std::string> held;
        for (const Held& lock : group.front()->held())
            held.push_back(lock.name);
        text += base::clean_line(formatted(
            "{:22} {}  {} thread{}, {} passage{}, {} experiment{}{}  ({})",
            inject::info(group.front()->call).name, group.front()->site().text(), group.size(),
            group.size() == 1 ? "" : "s", passages, passages == 1 ? "" : "s", experiments[name],
            experiments[name] == 1 ? "" : "s",
            held.empty() ? "" : formatted(", holding {}", joined(held, ", ")),
            group.front()->start));
        text += "\n";
    }
    text += formatted("{} points, {} passages, {} experiments\n", groups.size(), plan.passages,
                      plan.experiments.size());
    return text;
}

std::string points_json(const Ledger& ledger) {
    nlohmann::ordered_json points = nlohmann::ordered_json::array();
    for (const Point& point : ledger.census.points)
        points.push_back(nlohmann::ordered_json::parse(point_line(point)).at("point"));
    return nlohmann::ordered_json{{"schema", base::kJsonSchema}, {"points", points}}.dump() + "\n";
}

Progress::Progress(const Options& options)
    : human_(!options.json), color_(options.color), columns_(error_columns()) {}

Listener Progress::listener() {
    return {[this](const std::string& text) { note(text); },
            [this](const Tally& tally, const Point& point, const Experiment& experiment,
                   const Result& result,
                   bool fresh) { this->result(tally, point, experiment, result, fresh); }};
}

void Progress::begin(const Ledger& ledger) {
    if (!human_) return;
    const Findings findings(ledger, {});
    const std::size_t points = findings.coverage().points;
    note(formatted("{} point{} in {} threads; alone the program takes {}", points,
                   points == 1 ? "" : "s", ledger.census.threads,
                   base::short_duration(ledger.alone_seconds)));
    if (!ledger.results.empty())
        note(formatted("{} experiments were done before", ledger.results.size()));
}

void Progress::end() {
    clear();
}

void Progress::note(const std::string& text) {
    clear();
    if (human_) print(base::clean_line(text) + "\n");
}

void Progress::clear() {
    if (!shown_) return;
    std::fputs("\r\x1b[K", stderr);
    shown_ = false;
}

void Progress::result(const Tally& tally, const Point& point, const Experiment& experiment,
                      const Result& result, bool fresh) {
    if (fresh && human_) {
        Finding finding;
        finding.point = &point;
        finding.experiment = experiment;
        const std::string word(to_string(result.outcome));
        clear();
        print(formatted("{}  {} {}: {}\n", color_ ? formatted("\x1b[31m{}\x1b[0m", word) : word,
                        base::clean_line(finding.who()), base::clean_line(finding.what()),
                        base::clean_line(result.summary)));
    }
    if (columns_ == 0 || !human_) return;
    const TimePoint now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    const double rate = tally.seconds > 0 ? static_cast<double>(tally.done) / tally.seconds : 0;
    double eta = rate > 0 ? static_cast<double>(tally.total - tally.done) / rate : 0;
    if (tally.left > 0) eta = std::min(eta, tally.left);
    const std::string line =
        formatted("{}/{}  {:.1f}/s  {} findings  {} left", tally.done, tally.total, rate,
                  tally.findings, base::short_duration(std::max(0.0, eta)));
    std::fprintf(stderr, "\r\x1b[K%s", line.substr(0, columns_ - 1).c_str());
    shown_ = true;
}

}  // namespace threadfault::sweep
