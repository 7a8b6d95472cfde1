#include "sweep/findings.hpp"

#include "format/format.hpp"
#include "sweep/plan.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace threadfault::sweep {
namespace {

std::string point_id(const std::string& thread, Call call, std::uint64_t stack) {
    return formatted("{}:{}:{:x}", thread, inject::info(call).name, stack);
}

std::string deed_text(const Deed& deed) {
    if (deed.name == "cancel") return "was cancelled";
    if (deed.name == "exit") return "called pthread_exit";
    if (deed.name == "vanish") return "vanished";
    if (deed.action == Action::freeze) {
        const std::size_t equals = deed.name.find('=');
        return equals == std::string::npos
                   ? "was frozen for good"
                   : formatted("was frozen for {}", deed.name.substr(equals + 1));
    }
    if (deed.name == "spurious") return "woke up spuriously";
    return formatted("got {}", deed.name.substr(deed.name.find('=') + 1));
}

std::string counted_points(std::size_t count) {
    return formatted("{} point{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::string Finding::who() const {
    return formatted("a thread in {} ({})", point->start.empty() ? "?" : point->start,
                     experiment.any_thread ? "whichever comes first" : point->thread);
}

std::string Finding::what() const {
    const char* const call = inject::info(point->call).name;
    const Deed& deed = experiment.deed;
    if (point->call == Call::thread_start) {
        return formatted("{} before its start routine began", deed_text(deed));
    }
    const bool failed = deed.action == Action::error || deed.action == Action::interrupt ||
                        deed.action == Action::spurious;
    return formatted("{} {} {} in {}", deed_text(deed),
                     failed ? (deed.action == Action::spurious ? "in" : "from")
                            : (experiment.side == Side::before ? "before" : "after"),
                     call, point->site().text());
}

std::string key_of(const Point& point, const Deed& deed, Side side) {
    std::string text = formatted("{}|{}|{}|{}", deed.kind(), point.start,
                                 inject::info(point.call).name, side == Side::before ? "b" : "a");
    for (const Frame& frame : point.frames) {
        text += "|";
        text += frame.function.empty() ? formatted("{}+{:x}", frame.module, frame.offset)
                                       : frame.function;
    }
    return formatted("{:016x}", text_hash(text)).substr(0, 12);
}

double Coverage::percent() const {
    return points == 0 ? 0 : 100.0 * static_cast<double>(tried) / static_cast<double>(points);
}

Findings::Findings(const Ledger& ledger, const std::set<std::string>& accepted) : ledger_(ledger) {
    for (const Point& point : ledger.census.points) {
        points_[point_id(joined(point.path, "/"), point.call, point.stack)] = &point;
        if (!point.is_main) points_.try_emplace(point_id("any", point.call, point.stack), &point);
    }
    for (const Outcome outcome : kOutcomes)
        outcomes_[outcome] = 0;
    group_results(accepted);
    measure_coverage();
}

const Point* Findings::point_of(const Experiment& experiment) const {
    const auto found =
        points_.find(point_id(experiment.any_thread ? "any" : joined(experiment.path, "/"),
                              experiment.call, experiment.stack));
    return found != points_.end() ? found->second : nullptr;
}

void Findings::group_results(const std::set<std::string>& accepted) {
    std::map<std::string, Finding> by_key;
    for (const auto& [id, result] : ledger_.results) {
        ++outcomes_[result.outcome];
        if (!is_finding(result.outcome)) continue;
        Experiment experiment = parse_id(id);
        const Point* const point = point_of(experiment);
        if (point == nullptr) continue;
        const std::string key = key_of(*point, experiment.deed, experiment.side);
        Finding& finding = by_key[key];
        finding.ids.push_back(id);
        const bool better = finding.result == nullptr || result.outcome > finding.result->outcome ||
                            (result.outcome == finding.result->outcome &&
                             experiment.occurrence < finding.experiment.occurrence);
        if (!better) continue;
        finding.key = key;
        finding.point = point;
        finding.experiment = std::move(experiment);
        finding.result = &result;
        finding.accepted = accepted.contains(key);
    }
    for (auto& [key, finding] : by_key)
        findings_.push_back(std::move(finding));
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
        if (a.accepted != b.accepted) return b.accepted;
        if (a.result->outcome != b.result->outcome) return a.result->outcome > b.result->outcome;
        // What kills is graver than what delays.
        const bool a_dies = a.experiment.deed.ends_thread();
        const bool b_dies = b.experiment.deed.ends_thread();
        return a_dies != b_dies ? a_dies : a.ids.size() > b.ids.size();
    });
}

std::size_t Findings::fresh() const noexcept {
    return static_cast<std::size_t>(std::count_if(
        findings_.begin(), findings_.end(), [](const Finding& one) { return !one.accepted; }));
}

void Findings::measure_coverage() {
    Options options;
    options.how = ledger_.how;
    options.seed = ledger_.seed;
    options.exhaustive = false;
    options.threads = ledger_.threads;
    const Plan plan = make_plan(ledger_.census.points, options, ledger_.census.handles_signals);
    std::set<std::string> known;
    for (const Experiment& experiment : plan.experiments)
        known.insert(experiment.point->group());
    std::set<std::string> all;
    for (const Point& point : ledger_.census.points)
        all.insert(point.group());
    std::set<std::string> tried;
    std::size_t unreached = 0;
    std::size_t unsettled = 0;
    std::set<std::string> reasons;  // why they were
    for (const auto& [id, result] : ledger_.results) {
        if (result.outcome == Outcome::not_reached) ++unreached;
        if (result.outcome == Outcome::inconclusive) {
            ++unsettled;
            if (reasons.size() < 2) reasons.insert(result.summary);
        }
        if (result.outcome == Outcome::not_reached || result.outcome == Outcome::inconclusive)
            continue;
        const Point* const point = point_of(parse_id(id));
        if (point != nullptr) tried.insert(point->group());
    }
    coverage_.points = known.size();
    coverage_.tried = tried.size();
    coverage_.spared = all.size() - known.size();
    coverage_.left =
        ledger_.planned > ledger_.results.size() ? ledger_.planned - ledger_.results.size() : 0;

    std::vector<std::string>& gaps = coverage_.gaps;
    if (coverage_.tried < coverage_.points) {
        gaps.push_back(formatted("{} of {} not tried", coverage_.points - coverage_.tried,
                                 counted_points(coverage_.points)));
    }
    if (coverage_.left > 0) {
        gaps.push_back(
            formatted("{} planned experiments not run: the budget was used up", coverage_.left));
    }
    if (unreached > 0) {
        gaps.push_back(
            formatted("{} experiment{} did not reach {} point: the run took another course",
                      unreached, unreached == 1 ? "" : "s", unreached == 1 ? "its" : "their"));
    }
    if (unsettled > 0) {
        gaps.push_back(formatted(
            "{} experiment{} inconclusive: {}", unsettled, unsettled == 1 ? " was" : "s were",
            joined(std::vector<std::string>(reasons.begin(), reasons.end()), "; or: ")));
    }
    if (coverage_.spared > 0) {
        gaps.push_back(formatted("{} at which nothing of --how may be done{}",
                                 counted_points(coverage_.spared),
                                 ledger_.threads.empty() ? " (the main thread is spared)" : ""));
    }
    const Census& census = ledger_.census;
    if (census.points_lost > 0)
        gaps.push_back(formatted("{} passages not recorded, for want of room", census.points_lost));
    if (census.threads_lost > 0)
        gaps.push_back(formatted("{} threads not recorded, for want of room", census.threads_lost));
    if (census.other_processes > 0) {
        gaps.push_back(formatted("{} other process{} with threads not looked at",
                                 census.other_processes, census.other_processes == 1 ? "" : "es"));
    }
    for (const std::string& start : census.quiet_threads)
        gaps.push_back(formatted("threads in {} made no call that a fault can stand at", start));
    gaps.emplace_back(
        "calls inside libc, direct system calls and futexes of the program's own are "
        "no points");
}

std::set<std::string> read_baseline(const std::string& file) {
    std::set<std::string> keys;
    if (file.empty()) return keys;
    std::ifstream input(file);
    if (!input) {
        throw Error(ErrorCode::no_such_file,
                    formatted("--baseline {}: {}", file, std::strerror(errno)),
                    "the report.json of a sweep is a baseline");
    }
    try {
        const nlohmann::json json = nlohmann::json::parse(input);
        for (const char* const list : {"findings", "accepted"}) {
            if (!json.contains(list)) continue;
            for (const nlohmann::json& finding : json.at(list))
                keys.insert(finding.at("key").get<std::string>());
        }
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorCode::usage, formatted("--baseline {}: not a baseline", file),
                    "it is a report.json, or {\"accepted\": [{\"key\": …}]}");
    }
    return keys;
}

std::string quoted(const std::string& word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::string reproduce_command(const Ledger& ledger, const std::string& id) {
    std::string text = formatted("threadfault sweep --reproduce {}", quoted(id));
    for (const std::string& argument : ledger.arguments)
        text += " " + quoted(argument);
    if (!ledger.command.empty()) text += " --";
    for (const std::string& word : ledger.command)
        text += " " + quoted(word);
    return text;
}

}  // namespace threadfault::sweep
