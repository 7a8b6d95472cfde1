#include "sweep/model.hpp"

#include "format/format.hpp"
#include "observe/maps.hpp"
#include "sweep/deeds.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace threadfault::sweep {
namespace {

struct Word {
    Outcome outcome;
    std::string_view text;
};
constexpr Word kWords[] = {
    {Outcome::survived, "survived"},
    {Outcome::not_reached, "not-reached"},
    {Outcome::inconclusive, "inconclusive"},
    {Outcome::degraded, "degraded"},
    {Outcome::leaked, "leaked"},
    {Outcome::wrong_result, "wrong-result"},
    {Outcome::stuck, "stuck"},
    {Outcome::aborted, "aborted"},
    {Outcome::crashed, "crashed"},
};

// Of the program, not of the language's or the system's headers.
bool is_own(const Frame& frame) {
    return !frame.file.empty() && !frame.file.starts_with("/usr/include/") &&
           !frame.file.starts_with("/usr/lib/") && frame.file.find("/bits/") == std::string::npos;
}

std::vector<std::string> parts_of(const std::string& id) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (parts.size() < 5) {
        const std::size_t colon = id.find(':', begin);
        if (colon == std::string::npos) break;
        parts.push_back(id.substr(begin, colon - begin));
        begin = colon + 1;
    }
    parts.push_back(id.substr(begin));
    return parts;
}

template <typename Number>
bool read(std::string_view text, Number* number, int base = 10) {
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), *number, base);
    return error == std::errc() && rest == text.data() + text.size() && !text.empty();
}

bool read_path(std::string_view text, std::vector<std::uint32_t>* path) {
    if (!text.starts_with("main")) return false;
    text.remove_prefix(4);
    while (!text.empty()) {
        if (text.front() != '/') return false;
        text.remove_prefix(1);
        std::uint32_t component = 0;
        const std::size_t length = std::min(text.find('/'), text.size());
        if (!read(text.substr(0, length), &component)) return false;
        path->push_back(component);
        text.remove_prefix(length);
    }
    return path->size() <= wire::kMaxPathDepth;
}

// In the order of the enumeration.
constexpr std::string_view kSummaryCodes[] = {
    "as_alone",        "gave_up",           "not_reached",     "not_reached_in_time",
    "sweep_ended",     "output_too_long",   "not_ready",       "close_in_destructor",
    "not_always",      "not_run",           "recovered",       "lock_left",
    "other_exit_code", "output_missing",    "workload_failed", "probe_failed",
    "never_ready",     "wait_for_ever",     "nobody_left",     "workload_endless",
    "did_not_end",     "did_not_shut_down", "aborted",         "ended_by_signal",
};
static_assert(std::size(kSummaryCodes) ==
              static_cast<std::size_t>(SummaryCode::ended_by_signal) + 1);

}  // namespace

std::string Frame::location() const {
    if (!file.empty()) {
        return line > 0 ? formatted("{}:{}", observe::file_name(file), line)
                        : std::string(observe::file_name(file));
    }
    return module.empty() ? "unknown code" : formatted("{}+{:#x}", module, offset);
}

std::string Frame::text() const {
    return function.empty() ? location() : formatted("{} ({})", function, location());
}

const std::vector<Held>& Point::held() const {
    static const std::vector<Held> none;
    return samples.empty() ? none : samples.front().held;
}

const Frame& Point::site() const {
    static const Frame nowhere;
    if (frames.empty()) return nowhere;
    const auto own = std::find_if(frames.begin(), frames.end(), is_own);
    return own != frames.end() ? *own : frames.front();
}

std::string Point::group() const {
    return formatted("{}:{}:{:016x}", start, inject::info(call).name, stack);
}

std::string_view Deed::kind() const {
    const std::string_view whole = name;
    return action == Action::freeze ? whole.substr(0, whole.find('=')) : whole;
}

bool Deed::is_everyday() const {
    return action == Action::spurious || action == Action::interrupt;
}

wire::PassageOrder Experiment::order_for_shim() const {
    wire::PassageOrder order;
    order.mode = wire::PassageMode::experiment;
    order.with_main = any_thread ? 0 : 1;
    order.depth = any_thread ? wire::kAnyThread : static_cast<std::uint32_t>(path.size());
    std::copy(path.begin(), path.end(), order.path);
    order.call = static_cast<std::uint32_t>(call);
    order.side = static_cast<std::uint32_t>(side);
    order.action = static_cast<std::uint32_t>(deed.action);
    order.death = static_cast<std::uint32_t>(deed.death);
    order.error = deed.error;
    order.stack = stack;
    order.occurrence = occurrence;
    order.duration_ns = deed.duration.count();
    return order;
}

std::string id_of(const Experiment& experiment) {
    std::string thread = experiment.any_thread ? "any" : "main";
    for (const std::uint32_t component : experiment.path)
        thread += formatted("/{}", component);
    return formatted("{}:{}:{:016x}:{}:{}:{}", thread, inject::info(experiment.call).name,
                     experiment.stack, experiment.occurrence,
                     experiment.side == Side::before ? "before" : "after", experiment.deed.name);
}

Experiment parse_id(const std::string& id) {
    const std::vector<std::string> parts = parts_of(id);
    Experiment experiment;
    experiment.id = id;
    experiment.any_thread = parts[0] == "any";
    const bool good =
        parts.size() == 6 && (experiment.any_thread || read_path(parts[0], &experiment.path)) &&
        inject::find_call(parts[1].data(), parts[1].size(), &experiment.call) &&
        read(parts[2], &experiment.stack, 16) && read(parts[3], &experiment.occurrence) &&
        experiment.occurrence > 0 && (parts[4] == "before" || parts[4] == "after");
    if (!good) {
        throw Error(ErrorCode::usage, formatted("\"{}\" is no experiment of a sweep", id),
                    "report.json has the id of each finding, and the command that repeats it");
    }
    experiment.side = parts[4] == "before" ? Side::before : Side::after;
    experiment.deed = parse_deed(parts[5], experiment.call);
    return experiment;
}

std::string_view to_string(Outcome outcome) noexcept {
    for (const Word& word : kWords)
        if (word.outcome == outcome) return word.text;
    return "unknown";
}

std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
    for (const Word& word : kWords)
        if (word.text == text) return word.outcome;
    return std::nullopt;
}

std::string_view to_string(SummaryCode code) noexcept {
    return kSummaryCodes[static_cast<std::size_t>(code)];
}

std::optional<SummaryCode> parse_summary_code(std::string_view text) noexcept {
    for (std::size_t i = 0; i < std::size(kSummaryCodes); ++i)
        if (kSummaryCodes[i] == text) return static_cast<SummaryCode>(i);
    return std::nullopt;
}

bool is_finding(Outcome outcome) noexcept {
    return outcome >= Outcome::leaked;
}

}  // namespace threadfault::sweep
