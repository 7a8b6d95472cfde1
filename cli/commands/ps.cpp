// threadfault ps: the targets, or the threads of one process.
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/programs/targets.hpp"
#include "drive/threads/thread_view.hpp"
#include "render/json.hpp"
#include "render/text.hpp"
#include "render/threads.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

namespace threadfault::cli {
namespace {

struct PsOptions {
    std::string pid;
    std::string thread;
};

constexpr const char* kPsExamples =
    "Reading disturbs nothing: no signal is sent, no thread is stopped. Any process\n"
    "can be listed; thread paths are known only under `threadfault run`. A selector\n"
    "shows which threads a fault would be done to.\n"
    "\n"
    "Examples:\n"
    "  threadfault ps                every process that runs under threadfault\n"
    "  threadfault ps 4711           its threads, and what each waits for\n"
    "  threadfault ps 4711 'name=worker*,waiting=mutex'\n"
    "  threadfault ps 4711 --json |\n"
    "      jq '.threads[] | select(.waiting_on.kind == \"mutex\")'\n";

int list_targets(const Invocation& invocation) {
    const std::vector<drive::TargetProcess> targets = drive::find_targets();
    print_out(invocation.json
                  ? json_targets(targets)
                  : render_targets(targets, invocation.style(), terminal_width(STDOUT_FILENO)));
    return 0;
}

int list_threads_of(const PsOptions& options, const Invocation& invocation) {
    Looked looked(options.pid);
    ThreadReport report;
    report.pid = looked.process.pid();
    report.command = looked.process.command();
    report.agent = looked.agent() != nullptr;
    report.why = looked.why;
    report.hint = looked.hint;
    report.list = list_selected(looked, options.thread,
                                {.waits = true,
                                 .masks = invocation.json,
                                 .starts = true,
                                 .symbols = true,
                                 .outside = true});
    if (options.thread.empty()) {
        if (auto main = drive::dead_main(looked.process, looked.agent())) {
            report.list.threads.insert(report.list.threads.begin(), std::move(*main));
        }
    }
    print_out(invocation.json
                  ? json_threads(report.pid, report.command, report.agent, report.list.threads)
                  : render_threads(report, invocation.style(), terminal_width(STDOUT_FILENO)));
    return 0;
}

}  // namespace

void setup_ps(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<PsOptions>();
    app.add_option("PID", options->pid, "process whose threads are listed; default: list targets")
        ->type_name("");
    app.add_option("THREAD", options->thread,
                   "only the threads that it selects, see `threadfault kill --help`")
        ->type_name("");
    app.footer(kPsExamples);
    invocation.action = [options, &invocation] {
        return options->pid.empty() ? list_targets(invocation)
                                    : list_threads_of(*options, invocation);
    };
}

}  // namespace threadfault::cli
