#include "sweep/campaign.hpp"

#include "base/duration.hpp"
#include "base/signal_name.hpp"
#include "format/format.hpp"
#include "sweep/findings.hpp"
#include "sweep/plan.hpp"
#include "sweep/trial.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace threadfault::sweep {
namespace {

using namespace std::chrono_literals;

// Alone, a batch program may take so long; what takes longer is a service, or wants --timeout.
constexpr std::chrono::seconds kLongestBatch{10};
constexpr unsigned kRunsAlone = 3;
constexpr unsigned kRunsCensus = 2;
// Of a program that is quick: the more, the better it is known what every run passes.
constexpr unsigned kMostRunsCensus = 5;
constexpr double kQuick = 0.5;  // seconds

std::string status_text(int status) {
    if (WIFSIGNALED(status)) return base::signal_name(WTERMSIG(status));
    return formatted("exit code {}", WEXITSTATUS(status));
}

bool is_service(const Options& options) {
    return options.window > 0 || !options.workload.empty() || !options.probes.empty() ||
           !options.ready_output.empty() || !options.ready_listening.empty() ||
           !options.ready_thread.empty() || !options.scenario.empty();
}

Patience patience_of(const Options& options) {
    return {options.window > 0 ? options.window : 1, options.settle, options.timeout};
}

}  // namespace

Campaign::Campaign(const Options& options, const scenario::Stop& stop, Listener listener)
    : options_(options), stop_(stop), listener_(std::move(listener)), setup_(make_setup(options)) {
    parse_how(options.how);
    role_of({}, options.threads);
}

Campaign::~Campaign() {
    if (journal_ >= 0) close(journal_);
}

void Campaign::learn() {
    baseline_.service = is_service(options_);
    const std::chrono::nanoseconds longest =
        options_.timeout > 0
            ? std::chrono::nanoseconds(static_cast<std::int64_t>(options_.timeout * 1e9))
            : std::chrono::nanoseconds(kLongestBatch);
    for (unsigned i = 0; i < kRunsAlone && !stop_.requested(); ++i) {
        Alone alone =
            run_alone(setup_, patience_of(options_), baseline_.service, longest, nullptr, stop_);
        if (stop_.requested()) return;
        if (!baseline_.service && !alone.ended) {
            // It may be one that never ends, and works.
            baseline_.service = true;
            listener_.note(formatted(
                "the program runs on after {}: it is taken for a service, and watched for {} in "
                "each run (--for, --ready and --workload say it better)",
                base::short_duration(std::chrono::duration<double>(longest).count()),
                base::short_duration(patience_of(options_).window)));
            --i;
            continue;
        }
        if (!alone.problem.empty()) {
            throw Error(ErrorCode::not_ready,
                        formatted("the program does not work alone: {}", alone.problem),
                        "see that it does before anything is done to it: --ready, --workload");
        }
        const bool ends_early = baseline_.service && alone.ended;
        if (ends_early) {
            throw Error(ErrorCode::not_ready,
                        formatted("the program ended by itself ({}) while it was to run",
                                  status_text(alone.status)),
                        "leave out --for, --ready and --workload for a program that ends");
        }
        if (i > 0 && (alone.status != baseline_.status || alone.stops != baseline_.stops)) {
            throw Error(ErrorCode::not_ready,
                        formatted("the program does not always end in the same way: {} and {}",
                                  status_text(baseline_.status), status_text(alone.status)),
                        "what a fault changes can't be told from that");
        }
        baseline_.status = alone.status;
        baseline_.stops = alone.stops;
        baseline_.seconds = std::max(baseline_.seconds, alone.seconds);
        baseline_.ready_seconds = std::max(baseline_.ready_seconds, alone.ready_seconds);
        baseline_.stop_seconds = std::max(baseline_.stop_seconds, alone.stop_seconds);
        baseline_.work_seconds = std::max(baseline_.work_seconds, alone.work_seconds);
        baseline_.learn(alone.output, alone.errors);
        // One that takes its time has shown what it does.
        if (alone.seconds > 3 && i > 0) break;
    }
    ledger_.service = baseline_.service;
    ledger_.alone_seconds = baseline_.seconds;
}

void Campaign::learn_again(unsigned times) {
    for (unsigned i = 0; i < times && !stop_.requested(); ++i) {
        const Alone alone = run_alone(setup_, patience_of(options_), false, 60s, nullptr, stop_);
        if (!alone.ended) return;
        baseline_.learn(alone.output, alone.errors);
    }
}

void Campaign::take_census() {
    ledger_.command = options_.command;
    ledger_.how = options_.how;
    ledger_.seed = options_.seed;
    ledger_.shard = options_.shard;
    ledger_.exhaustive = options_.exhaustive;
    ledger_.threads = options_.threads;
    ledger_.arguments = frame_arguments(options_);
    if (baseline_.service && !is_service(options_)) {
        ledger_.arguments.insert(ledger_.arguments.end(), {"--for", "1s"});
    }
    if (options_.resume) {
        const Ledger before = read_journal(formatted("{}/journal.jsonl", options_.out));
        const bool same =
            before.command == ledger_.command && before.how == ledger_.how &&
            before.seed == ledger_.seed && before.shard.index == ledger_.shard.index &&
            before.shard.count == ledger_.shard.count && before.exhaustive == ledger_.exhaustive &&
            before.threads == ledger_.threads;
        if (!same) {
            throw Error(ErrorCode::usage,
                        formatted("{}/journal.jsonl is of another sweep", options_.out),
                        "--resume goes on with the same program, --how, --seed and --shard");
        }
        const bool service = ledger_.service;
        ledger_ = before;
        ledger_.service = service;
        return;
    }
    const unsigned runs = baseline_.seconds <= kQuick ? kMostRunsCensus : kRunsCensus;
    for (unsigned i = 0; i < runs && !stop_.requested(); ++i) {
        wire::PassageOrder order;
        order.mode = wire::PassageMode::census;
        order.with_main = 1;
        const PassageFile file(order);
        const Alone alone =
            run_alone(setup_, patience_of(options_), baseline_.service, 5min, &file, stop_);
        if (stop_.requested()) return;
        if (!baseline_.service) baseline_.learn(alone.output, alone.errors);
        baseline_.seconds = std::max(baseline_.seconds, alone.seconds);
        if (file.content().claimed == 0) {
            throw Error(ErrorCode::no_agent,
                        "the program made no thread, or the shim was not "
                        "loaded into it",
                        "a sweep needs a program with threads: `threadfault doctor PROGRAM`");
        }
        Census census = read_census(file.content());
        census.handles_signals = alone.handles_signals;
        ledger_.census = i == 0 ? census : merged(ledger_.census, census);
    }
}

void Campaign::write_line(const std::string& line) {
    const std::string whole = line + "\n";
    // At one stroke: a sweep that is killed leaves whole lines, but for the last one.
    if (write(journal_, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) {
        const std::error_code cause(errno, std::generic_category());
        throw Error(ErrorCode::not_written,
                    formatted("can't write {}/journal.jsonl: {}", options_.out, cause.message()),
                    "", cause);
    }
}

void Campaign::begin_journal() {
    std::error_code failed;
    std::filesystem::create_directories(options_.out, failed);
    const std::string file = formatted("{}/journal.jsonl", options_.out);
    if (options_.resume) {
        // A last line that was cut off goes.
        std::uintmax_t whole = 0;
        if (FILE* const old = std::fopen(file.c_str(), "re"); old != nullptr) {
            std::uintmax_t at = 0;
            for (int c = std::fgetc(old); c != EOF; c = std::fgetc(old)) {
                ++at;
                if (c == '\n') whole = at;
            }
            std::fclose(old);
        }
        std::filesystem::resize_file(file, whole, failed);
    }
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (options_.resume ? 0 : O_TRUNC);
    journal_ = open(file.c_str(), flags, 0644);
    if (journal_ < 0) {
        throw Error(ErrorCode::not_written, formatted("{}: {}", file, std::strerror(errno)),
                    "--out says where the reports go");
    }
    if (options_.resume) return;
    write_line(header_line(ledger_));
    for (const Point& point : ledger_.census.points)
        write_line(point_line(point));
}

Result Campaign::repeat(const Experiment& experiment) const {
    return run_experiment(setup_, options_, baseline_, experiment, stop_);
}

// What is found is found twice, or two times out of three: a machine that is busy for a moment must
// accuse nobody.
Result Campaign::run_confirmed(const Experiment& experiment, bool known) {
    constexpr unsigned kMostRuns = 3;
    Result result = repeat(experiment);
    // Threads race; the next run may take the course that the census saw.
    for (unsigned runs = 1;
         runs < kMostRuns && result.outcome == Outcome::not_reached && !stop_.requested();) {
        const double seconds = result.seconds;
        result = repeat(experiment);
        result.seconds += seconds;
        result.runs = ++runs;
    }
    if (!is_finding(result.outcome) || known || stop_.requested()) return result;
    if (result.outcome == Outcome::wrong_result && !baseline_.service) {
        // Is it really always said?
        learn_again(3);
    }
    result.runs = 1;
    result.seen = 1;
    double seconds = result.seconds;
    while (result.runs < kMostRuns && result.seen < 2 && !stop_.requested()) {
        Result again = repeat(experiment);
        seconds += again.seconds;
        ++result.runs;
        if (!is_finding(again.outcome)) continue;
        again.runs = result.runs;
        again.seen = result.seen + 1;
        result = std::move(again);
    }
    result.seconds = seconds;
    if (result.seen < 2 && !stop_.requested()) {
        result.summary = formatted("in 1 of {} runs: {} ({})", result.runs,
                                   to_string(result.outcome), result.summary);
        result.outcome = Outcome::inconclusive;
        result.code = SummaryCode::not_always;
    }
    return result;
}

}  // namespace threadfault::sweep
