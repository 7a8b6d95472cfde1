// threadfault test: run scenario files. The work is done by a program of its own, because TOML and
// HTTP need libraries that the static command can't have.
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/say_where.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "scenario/options.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <charconv>
#include <climits>
#include <cstdlib>
#include <memory>

namespace threadfault::cli {
namespace {

struct TestOptions {
    scenario::Options scenario;
    std::string repeat = "1";
    std::string jobs = "1";
    std::string seed;
    std::string durations;
};

constexpr const char* kTestHelp =
    "Each test gets a fresh target, which is ended with all the processes that it\n"
    "started. All files are read and checked before anything is started. Random\n"
    "choices follow from the seed, which is printed; --seed repeats them.\n"
    "Regular expressions in scenario files are in the dialect of RE2: no\n"
    "backreferences, no lookaround. Of each output stream of a target the last\n"
    "16 MiB are kept. A directory stands for the *.toml files in it and below. What\n"
    "failed is remembered in $XDG_CACHE_HOME/threadfault, or in ~/.cache/threadfault.\n"
    "\n"
    "Examples:\n"
    "  threadfault test resilience.toml\n"
    "  threadfault test --check *.toml             check the files only\n"
    "  threadfault test -x tests/resilience        a directory, up to a failure\n"
    "  threadfault test --last-failed              once more what failed here\n"
    "  threadfault test --last-failed tests/       of these; all if none did\n"
    "  threadfault test -k 'frozen*' --repeat 20 resilience.toml\n"
    "  threadfault test --junit report.xml --keep-logs logs --jobs 2 *.toml\n"
    "\n"
    "Exit status: 0 all tests passed, 1 a test failed, 2 usage error or invalid file\n"
    "(nothing was started), 8 output or a report not written, 128+N ended by signal\n"
    "N.\n";

std::size_t require_count(const char* option, const std::string& text) {
    std::size_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (error == std::errc() && rest == end && count >= 1 && count <= 1'000'000) return count;
    throw Error(ErrorCode::usage, formatted("invalid {} \"{}\"", option, text),
                "it must be a whole number from 1 to 1000000");
}

int run_test(const TestOptions& given, const Invocation& invocation) {
    scenario::Options options = given.scenario;
    options.repeat = require_count("--repeat", given.repeat);
    options.jobs = require_count("--jobs", given.jobs);
    options.seed = parse_seed(given.seed);
    if (!given.durations.empty()) options.durations = require_count("--durations", given.durations);
    options.json = invocation.json;
    options.shim = invocation.shim;
    options.color = invocation.style().color;
    if (options.json && options.tap) {
        throw Error(ErrorCode::usage, "--json and --tap are mutually exclusive", "use one of them");
    }
    say_where_we_are();
    drive::become_helper("threadfault-test", scenario::to_arguments(options));
}

}  // namespace

void say_where_we_are() {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = '\0';
    setenv("THREADFAULT_COMMAND", path, 0);
}

void setup_test(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<TestOptions>();
    scenario::Options& scenario = options->scenario;
    app.add_option("FILE", scenario.files, "scenario files, directories of them, or patterns")
        ->type_name("");
    app.add_option("-k", scenario.pattern, "run only tests whose name contains or matches this")
        ->type_name("PATTERN");
    app.add_option("--repeat", options->repeat, "run every test N times; default 1")
        ->type_name("N");
    app.add_option("--seed", options->seed, "seed for random choices")->type_name("N");
    app.add_option("--jobs", options->jobs, "run N tests at a time; default 1")->type_name("N");
    app.add_option("--junit", scenario.junit, "also write a JUnit report")->type_name("FILE");
    app.add_flag("--tap", scenario.tap, "print TAP version 14");
    app.add_option("--keep-logs", scenario.keep_logs,
                   "keep the output of each target and a log of its faults")
        ->type_name("DIR");
    app.add_flag("-x,--exitfirst", scenario.exit_first, "end the run at the first failure");
    app.add_flag("--last-failed", scenario.last_failed,
                 "only tests that failed when they were run last; of FILEs all if none "
                 "did; without a FILE of those run from this directory, or in it");
    app.add_option("--durations", options->durations, "name the N slowest tests at the end")
        ->type_name("N");
    app.add_flag("-v,--verbose", scenario.verbose, "tell what was done in tests that passed, too");
    app.add_flag("--list", scenario.list, "only list the tests that would be run");
    app.add_flag("--check", scenario.check,
                 "only check the files, and tell all their mistakes; run nothing");
    // Told as what CLI11 requires by itself.
    app.parse_complete_callback([options] {
        if (options->scenario.files.empty() && !options->scenario.last_failed)
            throw CLI::RequiredError("FILE");
    });
    app.footer(kTestHelp);
    invocation.action = [options, &invocation] { return run_test(*options, invocation); };
}

}  // namespace threadfault::cli
