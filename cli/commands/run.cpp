// threadfault run: executes a program with the shim loaded into it.
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "drive/programs/launch.hpp"
#include "observe/preloadable.hpp"
#include "render/error.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <memory>

namespace threadfault::cli {
namespace {

struct RunOptions {
    bool no_follow = false;
    std::string log;
    std::vector<std::string> inject;
    std::vector<std::string> on_start;
    bool points = false;
    bool force = false;
    std::string seed;
};

constexpr const char* kRunExamples =
    "The program replaces this command: process ID, input and output, directory,\n"
    "signals and exit code are its own. A program that can't preload a library\n"
    "(static, set-user-ID, another libc) is refused, with the reason.\n"
    "\n"
    "Examples:\n"
    "  threadfault run -- memcached -t 4 &      then: threadfault ps $!\n"
    "  threadfault run --no-follow -- make      not in the programs that make starts\n"
    "  threadfault run --log shim.log -- ./server\n"
    "  threadfault run --inject pthread_create:error=EAGAIN:when=3 -- ./server\n"
    "  threadfault run --on-start start=worker_loop:kill=exit:when=2 -- ./server\n"
    "  threadfault run --on-start path=main/3:delay=50ms -- ./server\n"
    "\n"
    "Exit status: the program's own; 127 not found, 126 not executable, 4 the shim\n"
    "can't be loaded.\n";

int run_run(const RunOptions& options, const Invocation& invocation) {
    if (invocation.program.empty()) {
        throw Error(ErrorCode::usage, "run: missing program", "threadfault run -- PROGRAM ARGS…");
    }
    drive::LaunchOptions launch;
    launch.command = invocation.program;
    std::vector<inject::Spec> specs =
        parse_specs(options.inject, options.force, parse_seed(options.seed));
    for (const std::string& text : options.on_start)
        specs.push_back(inject::parse_on_start(text));
    for (inject::Spec& spec : specs) {
        inject::resolve_start_routines(spec, observe::check_program(launch.command.front()).path);
    }
    const bool points =
        options.points || std::any_of(specs.begin(), specs.end(),
                                      [](const inject::Spec& spec) { return spec.needs_points(); });
    launch.shim = drive::find_shim(invocation.shim, points);
    launch.inject = inject::join_specs(specs);
    launch.log = options.log;
    launch.follow = !options.no_follow;
    try {
        drive::become(drive::prepare_launch(launch));
    } catch (const drive::CannotStart& error) {
        report_error(error, invocation.json, invocation.error_style());
        return cannot_start_status(error.error_code());
    }
}

}  // namespace

void setup_run(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<RunOptions>();
    invocation.usage_tail = "-- PROGRAM [ARGS…]";
    app.add_flag("--no-follow", options->no_follow, "programs that it starts run without the shim");
    app.add_option("--log", options->log,
                   "append to FILE when the agent starts, why it can't, and what was skipped")
        ->type_name("FILE");
    app.add_option("--inject", options->inject, "a call fault, see below; may be repeated")
        ->type_name("SPEC")
        ->expected(1)
        ->take_all();
    app.add_option("--on-start", options->on_start,
                   "a fault before a thread's start routine, see below; may be repeated")
        ->type_name("SELECTOR:FAULT")
        ->expected(1)
        ->take_all();
    app.add_flag("--points", options->points,
                 "load the points library, for `threadfault inject` later");
    app.add_flag("--force", options->force, "allow faults that cannot occur in a real program");
    app.add_option("--seed", options->seed, "seed for probability=")->type_name("N");
    app.footer(std::string(inject::spec_help()) +
               "\n"
               "FAULT of --on-start is kill=, delay= or freeze=, with when= and probability=.\n"
               "A new thread has no name of its own yet: select it by start=, path= or nth=.\n"
               "\n" +
               kRunExamples);
    invocation.action = [options, &invocation] { return run_run(*options, invocation); };
}

}  // namespace threadfault::cli
