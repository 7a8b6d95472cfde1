#include "scenario/run/session.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kLinesShown = 15;
constexpr std::size_t kMostNoted = std::size_t{4} * 1024;

std::string directory_of(const std::string& file) {
    std::error_code ignored;
    const std::filesystem::path path = std::filesystem::absolute(file, ignored).parent_path();
    return path.empty() ? "/" : path.string();
}

// The last lines, under a title where there are any.
std::string tail(std::string title, const std::string& text, std::size_t lost) {
    constexpr std::size_t kMost = 64 * 1024;  // one line may be as long as all that is kept
    if (lost > 0) title += formatted(", {} bytes before it were not kept", lost);
    const std::vector<std::string> lines =
        base::lines_of(std::string_view(text).substr(text.size() - std::min(text.size(), kMost)));
    if (lines.empty()) return "";
    const std::size_t first = lines.size() - std::min(lines.size(), kLinesShown);
    std::string shown = formatted("{}{}:\n", title, first > 0 ? " (last lines)" : "");
    for (std::size_t i = first; i < lines.size(); ++i)
        shown += formatted("  {}\n", lines[i]);
    return shown;
}

// A script that is passed to a shell may be long.
std::string in_short(const std::vector<std::string>& command) {
    constexpr std::size_t kMost = 100;
    std::string line = joined(command, " ");
    const std::size_t length = std::min({line.find('\n'), line.size(), kMost});
    if (length < line.size()) line = line.substr(0, length) + " ...";
    return line;
}

std::string message_of(const Error& error) {
    return error.advice().empty() ? std::string(error.what())
                                  : formatted("{}; {}", error.what(), error.advice());
}

}  // namespace

Session::Session(const Scenario& scenario, const TestSpec& test, std::uint64_t seed,
                 const Stop& stop)
    : scenario_(scenario), test_(test), seed_(seed), stop_(stop) {
    placeholders_.port = std::to_string(free_port());
    placeholders_.tmp = scratch_.path();
    placeholders_.dir = directory_of(scenario.file);
}

Session::~Session() {
    finish();
}

std::optional<Failure> Session::run() {
    std::optional<Failure> failure = do_all();
    finish();
    return failure;
}

std::optional<Failure> Session::do_all() {
    const Step* current = nullptr;
    Failure failure;
    try {
        if (test_.target.attach.given()) {
            attach();
        } else {
            launch();
        }
        start_probers();
        for (std::size_t i = 0; i < test_.steps.size(); ++i) {
            if (stop_.requested()) break;
            current = &test_.steps[i];
            do_step(*current, i);
        }
        if (!stop_.requested()) {
            current = nullptr;
            check_end_was_foreseen();
        }
    } catch (const StepFailed& failed) {
        failure.kind = failed.kind;
        failure.message = failed.message;
    } catch (const Error& error) {
        failure.error = error.error_code();
        failure.message = message_of(error);
    } catch (const std::exception& error) {
        failure.message = error.what();
    }
    if (stop_.requested() || !failure.message.empty()) {
        if (stop_.requested()) {
            failure.kind = FailureKind::timed_out;
            failure.message = formatted(
                "the test did not end within {}",
                base::short_duration(std::chrono::duration<double>(test_.timeout).count()));
        }
        failure.place = current != nullptr ? current->place : test_.place;
        if (current != nullptr) failure.step = current->text;
        return explain(std::move(failure));
    }
    return std::nullopt;
}

void Session::launch() {
    std::vector<std::string> command;
    command.reserve(test_.target.command.size());
    for (const std::string& argument : test_.target.command)
        command.push_back(fill(argument));
    LaunchOptions options;
    for (const auto& [name, value] : test_.target.environment)
        options.environment[name] = fill(value);
    options.directory = fill(test_.target.directory);
    options.scratch = scratch_.path();
    options.shim = test_.target.shim;
    options.ready.output = fill(test_.target.ready.output);
    options.ready.listening = fill(test_.target.ready.listening);
    options.ready.thread = fill(test_.target.ready.thread);
    options.ready.within = std::min<Duration>(test_.target.ready.within, test_.timeout);
    target_ = Target::launch(command, options);
    note(formatted("process {}: {}", target_->pid(), in_short(command)));
}

void Session::start_probers() {
    for (const Step& step : test_.steps) {
        const auto* const expectation = std::get_if<Expectation>(&step.what);
        if (expectation == nullptr || expectation->probe.empty()) continue;
        if (probers_.count(expectation->probe) != 0) continue;
        const ProbeSpec& probe = *scenario_.find_probe(expectation->probe);
        Prober::Attempter attempter;
        if (const auto* http = std::get_if<HttpProbe>(&probe.how)) {
            const HttpProbe filled{fill(http->url), http->status, fill(http->expect)};
            attempter = [filled](TimePoint deadline, const Stop& stop) {
                return try_http(filled, deadline, stop);
            };
        } else if (const auto* socket = std::get_if<SocketProbe>(&probe.how)) {
            const SocketProbe filled{socket->local, fill(socket->to), fill(socket->send),
                                     fill(socket->expect)};
            attempter = [filled](TimePoint deadline, const Stop& stop) {
                return try_socket(filled, deadline, stop);
            };
        } else {
            CommandProbe filled;
            for (const std::string& argument : std::get<CommandProbe>(probe.how).command)
                filled.command.push_back(fill(argument));
            const CommandOptions options{variables(), placeholders_.dir};
            attempter = [filled, options](TimePoint deadline, const Stop& stop) {
                return try_command(filled, options, deadline, stop);
            };
        }
        probers_[probe.name] = std::make_unique<Prober>(attempter, probe.every, probe.within);
    }
}

std::map<std::string, std::string> Session::variables() const {
    std::map<std::string, std::string> filled;
    for (const auto& [name, value] : test_.target.environment)
        filled[name] = fill(value);
    filled["TARGET_PID"] = std::to_string(target_->pid());
    return filled;
}

void Session::note(const std::string& line) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    journal_.push_back(formatted("{:8.3f} s  {}", seconds, base::cut_middle(line, kMostNoted)));
}

std::uint64_t Session::seed_of(std::size_t step) const {
    // FNV-1a, so that the choices of one test do not depend on which others run.
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto mix = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3U; };
    for (const char c : test_.name)
        mix(static_cast<unsigned char>(c));
    mix(seed_);
    mix(step);
    return hash >> 1U;  // fits into TOML's integers
}

bool Session::eventually(Duration within, const std::function<bool()>& condition) const {
    const TimePoint deadline = Clock::now() + within;
    while (true) {
        if (condition()) return true;
        const TimePoint now = Clock::now();
        if (now >= deadline) return false;
        if (!stop_.sleep_until(std::min(deadline, now + std::chrono::milliseconds(10))))
            return false;
    }
}

void Session::check_end_was_foreseen() const {
    if (target_->alive() || end_foreseen_) return;
    const std::optional<Exit> exit = target_->wait_exit();
    throw StepFailed{
        FailureKind::ended_unforeseen,
        formatted("the target {}, which no step expects", exit ? exit->text() : "ended")};
}

Failure Session::explain(Failure failure) {
    note("failed: " + failure.message);
    failure.no_test = !target_;
    if (!target_) return failure;
    failure.stack = target_->last_stack();
    try {
        if (!target_->alive()) {
            if (const auto exit = target_->wait_exit(std::chrono::seconds(1)))
                failure.ending = exit->text();
        } else {
            if (!watched_ || subject_ != &*target_)
                watched_ = target_->watch(std::chrono::milliseconds(500));
            failure.verdict = to_string(watched_->verdict);
            failure.evidence = watched_->evidence;
            failure.codes = watched_->codes;
            failure.locks = watched_->locks.tree;
            if (failure.stack.empty() && !victim_.empty()) failure.stack = target_->stack(victim_);
        }
    } catch (const std::exception&) {
        // If the state can't be read any more, the failure is reported without it.
    }
    failure.output =
        tail("standard output", target_->output(), target_->lost_output(Stream::output)) +
        tail("standard error", target_->errors(), target_->lost_output(Stream::errors));
    return failure;
}

void Session::finish() {
    for (const auto& [name, one] : probers_)
        note(formatted("probe {}: {}", name, one->text()));
    probers_.clear();
    if (!target_ || std::exchange(finished_, true)) return;
    if (test_.target.attach.given()) {
        let_go();
        return;
    }
    try {
        const bool lived = target_->alive();
        const std::optional<Exit> exit = target_->terminate();
        if (const std::size_t lost = target_->lost_output())
            note(formatted("the first {} bytes of output were not kept", lost));
        if (lived) note("the target was ended");
        if (!lived && exit) note(formatted("the target {} by itself", exit->text()));
    } catch (const std::exception& error) {
        note(formatted("ending the target: {}", error.what()));
    }
}

}  // namespace threadfault::scenario
