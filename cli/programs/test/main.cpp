// threadfault-test: what `threadfault test` becomes.
#include "base/clean_text.hpp"
#include "base/json_schema.hpp"
#include "base/random_seed.hpp"
#include "format/format.hpp"
#include "programs/print.hpp"
#include "programs/report_error.hpp"
#include "programs/stop_signals.hpp"
#include "programs/test/files.hpp"
#include "programs/test/last_failed.hpp"
#include "render/error_table.hpp"
#include "scenario/options.hpp"
#include "scenario/parse.hpp"
#include "scenario/report/progress.hpp"
#include "scenario/report/report.hpp"
#include "scenario/run/campaign.hpp"
#include "standard_streams.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace threadfault::scenario {
namespace {

using Json = nlohmann::ordered_json;
using cli::caught_signal;
using cli::not_written;
using cli::print;

[[noreturn]] void nothing_failed_here() {
    throw Error(ErrorCode::no_such_test,
                "no test that was run from this directory, or lies in it, failed last time",
                "name what is to be run: threadfault test FILE…");
}

// Without a FILE, those in which something failed. Of every file that is wrong, what is wrong;
// nothing is started then.
std::optional<std::vector<Scenario>> read_files(const Options& options) {
    std::vector<Scenario> scenarios;
    bool good = true;
    const std::vector<std::string> files =
        options.files.empty() ? LastFailed().files_here() : files_of(options.files);
    if (files.empty()) nothing_failed_here();
    for (const std::string& file : files) {
        try {
            scenarios.push_back(parse_file(file));
        } catch (const Mistakes& mistakes) {
            for (const std::string& text : mistakes.texts())
                cli::report_error(Error(ErrorCode::bad_scenario, text), options.json,
                                  options.color);
            good = false;
        } catch (const Error& error) {
            // What is not the file's fault is the same for all of them.
            if (cli::exit_status(error) != static_cast<int>(cli::ExitCode::usage)) throw;
            cli::report_error(error, options.json, options.color);
            good = false;
        }
    }
    if (!good) return std::nullopt;
    return scenarios;
}

int check(const std::vector<Scenario>& scenarios, const Options& options) {
    Json files = Json::array();
    std::string text;
    for (const Scenario& scenario : scenarios) {
        files.push_back({{"file", scenario.file}, {"tests", scenario.tests.size()}});
        text += formatted("{}: {} test{}\n", base::clean_line(scenario.file), scenario.tests.size(),
                          scenario.tests.size() == 1 ? "" : "s");
    }
    print(options.json ? Json{{"schema", base::kJsonSchema}, {"files", files}}.dump() + "\n"
                       : text);
    return 0;
}

// What would be run, a line each.
int list(const std::vector<Item>& items, const Options& options) {
    Json tests = Json::array();
    std::string text;
    for (const Item& item : items) {
        if (item.repetition != 1) continue;
        tests.push_back({{"file", item.scenario->file}, {"name", item.test->name}});
        text += formatted("{}: {}\n", base::clean_line(item.scenario->file),
                          base::clean_line(item.test->name));
    }
    const Json object = {{"schema", base::kJsonSchema}, {"list", tests}};
    print(options.json ? object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text);
    return 0;
}

// Those that --last-failed leaves; of files that were named, all where none of them failed.
std::vector<Item> chosen(std::vector<Item> items, const LastFailed& last, const Options& options) {
    if (!options.last_failed) return items;
    std::vector<Item> failed;
    std::copy_if(items.begin(), items.end(), std::back_inserter(failed),
                 [&](const Item& item) { return last.has(item); });
    if (!failed.empty()) return failed;
    if (options.files.empty()) nothing_failed_here();
    if (!options.json)
        std::fputs("threadfault: none of them failed last time: all are run\n", stderr);
    return items;
}

// Checked before anything is started, so that a long run does not fail when it writes its report.
void prepare_outputs(const Options& options) {
    if (!options.keep_logs.empty()) {
        std::error_code error;
        std::filesystem::create_directories(options.keep_logs, error);
        if (error) {
            throw Error(ErrorCode::no_such_file,
                        formatted("--keep-logs {}: {}", options.keep_logs, error.message()));
        }
    }
    if (!options.junit.empty() && !std::ofstream(options.junit)) {
        throw Error(ErrorCode::no_such_file,
                    formatted("--junit {}: {}", options.junit, std::strerror(errno)));
    }
}

int test(const std::vector<Scenario>& scenarios, const Options& options) {
    LastFailed last;
    const std::vector<Item> items = chosen(plan(scenarios, options), last, options);
    if (options.list) return list(items, options);
    prepare_outputs(options);
    // Short, so that it can be typed again.
    const std::uint64_t seed = options.seed ? *options.seed : base::random_seed() % 1'000'000;
    if (options.tap) print(tap_header(items.size()));
    std::size_t number = 0;
    const bool human = !options.tap && !options.json;
    const bool terminal = human && terminal_columns() > 0;
    ProgressLine progress(items.size(), terminal);
    const auto ended = [&](const TestResult& result) {
        number++;
        if (options.tap) print(tap_point(result, number));
        if (human) print(progress.clear() + human_result(result, options.color, options.verbose));
    };
    const auto waiting = [&](std::size_t item) {
        if (!terminal) return;
        print(progress.line(item + 1, items[item].test->name, terminal_columns(), Clock::now()));
    };
    const TimePoint begin = Clock::now();
    const std::vector<TestResult> results =
        run_all(items, options, seed, cli::global_stop(), {ended, waiting});
    print(progress.clear());
    last.note(results);
    Summary summary = summarise(results, items.size());
    summary.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    summary.seed = seed;
    if (!options.junit.empty()) {
        errno = 0;
        std::ofstream file(options.junit);
        file << junit_report(results, summary) << std::flush;
        if (!file) not_written(formatted("--junit {}", options.junit));
    }
    if (options.json) {
        print(json_report(results, summary));
    } else if (!options.tap) {
        print(human_durations(results, options.durations));
        print(human_summary(summary, options.color));
    } else if (caught_signal != 0) {
        print(tap_bail_out());
    } else if (results.size() < items.size()) {
        print("Bail out! a test failed, and -x ends the run\n");
    }
    if (caught_signal != 0) return 128 + caught_signal;
    for (const TestResult& result : results) {
        if (result.not_kept.empty()) continue;
        throw Error(ErrorCode::not_written, formatted("--keep-logs: {}", result.not_kept));
    }
    return static_cast<int>(summary.failed > 0 ? cli::ExitCode::bad_verdict : cli::ExitCode::done);
}

int run(const std::vector<std::string>& arguments) {
    Options options;
    // Before anything is parsed: the format in which errors are reported.
    options.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    return cli::reporting_errors(options, [&] {
        options = from_arguments(arguments);
        cli::stop_on_signals();
        // Not for each launch: where points are needed, the library beside it is meant.
        if (!options.shim.empty()) setenv("THREADFAULT_SHIM", options.shim.c_str(), 1);
        const std::optional<std::vector<Scenario>> scenarios = read_files(options);
        if (!scenarios) return static_cast<int>(cli::ExitCode::usage);
        return options.check ? check(*scenarios, options) : test(*scenarios, options);
    });
}

}  // namespace
}  // namespace threadfault::scenario

int main(int argc, char** argv) {
    threadfault::cli::occupy_closed_streams();
    const int status = threadfault::scenario::run({argv + 1, argv + argc});
    std::fflush(stdout);
    // A test that was left behind still uses what static destructors would tear down.
    _exit(status);
}
