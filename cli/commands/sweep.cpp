// threadfault sweep: the death of every thread at every point. The work is done by a program of its
// own, because it names code by its debug information and reads scenario files.
#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/say_where.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "sweep/options.hpp"
#include "threadfault/error.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>

namespace threadfault::cli {
namespace {

struct SweepArguments {
    sweep::Options sweep;
    std::string file;
    std::string jobs;
    std::string seed;
    std::string budget = "2m";
    std::string shard;
    std::vector<std::string> ready;
    std::string ready_within;
    std::string window;
    std::string settle;
    std::string timeout;
};

constexpr const char* kSweepHelp =
    "A first run records the points that each thread passes: its calls of\n"
    "<pthread.h>, <threads.h>, <semaphore.h> and of blocking system calls, by their\n"
    "stacks. Then the program is run once for each fault at each of them, and what\n"
    "becomes of it is judged: survived, degraded (probes failed for a while), leaked\n"
    "(a lock stays locked), wrong-result (exit code, missing output), stuck, aborted,\n"
    "crashed; not-reached and inconclusive count as neither. A program that ends by\n"
    "itself needs no option; for a service there are --ready, --workload, --probe,\n"
    "--for, or a scenario file. {port} and {tmp} in its arguments stand for a free\n"
    "port and a directory, new in each run.\n"
    "\n"
    "LIST of --how: cancel, exit (where POSIX lets a thread be cancelled), vanish\n"
    "(nothing unwinds, locks stay held), freeze[=TIME], call-errors, spurious.\n"
    "Default: cancel, spurious, call-errors, freeze=2s, and vanish where a robust\n"
    "mutex is held. The main thread is spared but for failing calls, unless\n"
    "--threads names it.\n"
    "\n"
    "Examples:\n"
    "  threadfault sweep -- ./program\n"
    "  threadfault sweep --budget 10m --how vanish -- xz -T2 -k -c file\n"
    "  threadfault sweep --ready listening={port} --workload './client {port}' -- \\\n"
    "      ./server -p {port}\n"
    "  threadfault sweep --shard 2/5 --out part-2 -- ./program\n"
    "  threadfault sweep --baseline accepted.json -- ./program\n"
    "  threadfault sweep --reproduce main/2:read:9f3c2d1a44e07b55:1:before:cancel \\\n"
    "      -- ./program\n"
    "\n"
    "Exit status: 0 no finding, 1 a finding that the baseline does not accept,\n"
    "2 usage, 4 the program has no threads or takes no shim, 8 the reports can't be\n"
    "written, 128+N ended by signal N.\n";

std::uint64_t number_of(const char* option, const std::string& text, std::uint64_t most) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && rest == end && number >= 1 && number <= most) return number;
    throw Error(ErrorCode::usage, formatted("invalid {} \"{}\"", option, text),
                formatted("it must be a whole number from 1 to {}", most));
}

double seconds_of(const char* option, const std::string& text) {
    return std::chrono::duration<double>(base::require_duration(option, text)).count();
}

void read_ready(const std::vector<std::string>& conditions, sweep::Options* options) {
    for (const std::string& condition : conditions) {
        const std::size_t equals = condition.find('=');
        const std::string kind = condition.substr(0, equals);
        std::string* const into = kind == "output"      ? &options->ready_output
                                  : kind == "listening" ? &options->ready_listening
                                  : kind == "thread"    ? &options->ready_thread
                                                        : nullptr;
        if (into == nullptr || equals == std::string::npos) {
            throw Error(ErrorCode::usage, formatted("invalid --ready \"{}\"", condition),
                        "it is output=REGEX, listening=PORT or thread=SELECTOR");
        }
        *into = condition.substr(equals + 1);
    }
}

int run_sweep(const SweepArguments& given, const Invocation& invocation) {
    sweep::Options options = given.sweep;
    options.command = invocation.program;
    options.scenario = given.file;
    if (options.command.empty() == options.scenario.empty()) {
        throw Error(ErrorCode::usage, "sweep: needs either a program or a scenario file",
                    "threadfault sweep -- PROGRAM ARGS…, or threadfault sweep FILE");
    }
    if (!given.jobs.empty()) options.jobs = number_of("--jobs", given.jobs, 1000);
    options.seed = parse_seed(given.seed).value_or(1);
    options.budget = given.budget == "unlimited" ? 0 : seconds_of("--budget", given.budget);
    options.shard =
        given.shard.empty() ? sweep::shard_from_environment() : sweep::parse_shard(given.shard);
    read_ready(given.ready, &options);
    if (!given.ready_within.empty())
        options.ready_within = seconds_of("--ready-within", given.ready_within);
    if (!given.window.empty()) options.window = seconds_of("--for", given.window);
    if (!given.settle.empty()) options.settle = seconds_of("--settle", given.settle);
    if (!given.timeout.empty()) options.timeout = seconds_of("--timeout", given.timeout);
    if (options.gdb && options.reproduce.empty()) {
        throw Error(ErrorCode::usage, "--gdb goes with --reproduce ID");
    }
    options.json = invocation.json;
    options.shim = invocation.shim;
    options.color = invocation.style().color;
    say_where_we_are();
    drive::become_helper("threadfault-sweep", {sweep::to_argument(options)});
}

struct ReportArguments {
    std::string verb;
    sweep::Options sweep;
};

void require_merge(const std::string& verb) {
    static constexpr std::string_view kVerbs[] = {"merge"};
    if (verb == kVerbs[0]) return;
    throw Error(ErrorCode::usage, formatted("report: unknown verb \"{}\"", verb),
                base::nearest(verb, kVerbs).empty() ? "threadfault report merge DIR…"
                                                    : "did you mean merge?");
}

int run_report(const ReportArguments& given, const Invocation& invocation) {
    sweep::Options options = given.sweep;
    options.json = invocation.json;
    options.color = invocation.style().color;
    drive::become_helper("threadfault-sweep", {sweep::to_argument(options)});
}

void add_frame_options(CLI::App& app, SweepArguments& arguments) {
    sweep::Options& sweep = arguments.sweep;
    app.add_option("--ready", arguments.ready,
                   "wait for output=REGEX, listening=PORT or thread=SELECTOR")
        ->type_name("CONDITION")
        ->expected(1)
        ->take_all();
    app.add_option("--ready-within", arguments.ready_within, "for so long; default 10s")
        ->type_name("TIME");
    app.add_option("--workload", sweep.workload, "work for a service; it must exit with 0")
        ->type_name("SHELL");
    app.add_option("--probe", sweep.probes, "is the service healthy? It exits with 0 if so")
        ->type_name("SHELL")
        ->expected(1)
        ->take_all();
    app.add_option("--for", arguments.window,
                   "run a service for so long; default 1s where there is no workload")
        ->type_name("TIME");
    app.add_option("--settle", arguments.settle,
                   "watch a service for so long after a fault; default 0.5s")
        ->type_name("TIME");
    app.add_option("--timeout", arguments.timeout,
                   "of one run; default: from how long it takes alone")
        ->type_name("TIME");
    app.add_option("--input", sweep.input, "its standard input; default: nothing")
        ->type_name("FILE");
    app.add_option("--good-exit", sweep.good_exits, "an exit code that is as good as its own")
        ->type_name("N")
        ->expected(1)
        ->take_all();
    app.add_flag("--ignore-output", sweep.ignore_output, "its output may differ");
    app.add_option("--test", sweep.test, "the test of the scenario file; default: the first")
        ->type_name("NAME");
}

}  // namespace

void setup_sweep(CLI::App& app, Invocation& invocation) {
    const auto arguments = std::make_shared<SweepArguments>();
    sweep::Options& sweep = arguments->sweep;
    invocation.usage_tail = "[FILE | -- PROGRAM ARGS…]";
    app.add_option("FILE", arguments->file, "a scenario file: how the program is run")
        ->type_name("");
    app.add_option("--how", sweep.how, "what is done to the threads, see below")->type_name("LIST");
    app.add_option("--threads", sweep.threads,
                   "only these: main, all, start=GLOB or path=main/2; repeatable")
        ->type_name("WHICH")
        ->expected(1)
        ->take_all();
    app.add_option("--budget", arguments->budget,
                   "the most informative experiments first, for so long; default 2m")
        ->type_name("TIME|unlimited");
    app.add_option("--jobs", arguments->jobs, "so many runs at a time; default: one a CPU")
        ->type_name("N");
    app.add_option("--seed", arguments->seed, "which passages are sampled; default 1")
        ->type_name("N");
    app.add_flag("--exhaustive", sweep.exhaustive, "every passage of every thread");
    app.add_option("--shard", arguments->shard,
                   "only part INDEX of COUNT; also from the environment")
        ->type_name("INDEX/COUNT");
    app.add_option("--out", sweep.out, "directory of the reports; default threadfault-sweep")
        ->type_name("DIR");
    app.add_flag("--resume", sweep.resume, "go on with the sweep in that directory");
    app.add_option("--baseline", sweep.baseline, "a report.json: its findings are accepted")
        ->type_name("FILE");
    app.add_flag("--list-points", sweep.list_points, "print the points and do nothing to them");
    app.add_option("--reproduce", sweep.reproduce, "repeat one experiment")->type_name("ID");
    app.add_flag("--gdb", sweep.gdb, "under gdb, stopped where it happens");
    add_frame_options(app, *arguments);
    app.footer(kSweepHelp);
    invocation.action = [arguments, &invocation] { return run_sweep(*arguments, invocation); };
}

void setup_report(CLI::App& app, Invocation& invocation) {
    const auto arguments = std::make_shared<ReportArguments>();
    // Looked at before what is missing behind it is told.
    app.add_option("VERB", arguments->verb, "merge")
        ->required()
        ->type_name("")
        ->each(require_merge);
    app.add_option("DIR", arguments->sweep.merge, "the --out directories of the shards")
        ->required()
        ->type_name("");
    app.add_option("--out", arguments->sweep.out,
                   "directory of the reports; default threadfault-sweep")
        ->type_name("DIR");
    app.add_option("--baseline", arguments->sweep.baseline,
                   "a report.json: its findings are accepted")
        ->type_name("FILE");
    app.footer(
        "Unites the journals of the shards of a sweep, and writes report.json, junit.xml\n"
        "and report.html as one sweep would have.\n"
        "\n"
        "Example:\n"
        "  threadfault report merge part-1 part-2 part-3 --out whole\n"
        "\n"
        "Exit status: 0 no finding, 1 a finding that the baseline does not accept,\n"
        "2 usage, or a journal that can't be read.\n");
    invocation.action = [arguments, &invocation] { return run_report(*arguments, invocation); };
}

}  // namespace threadfault::cli
