// threadfault locks: who waits for whom, and for the dead.
#include "render/locks.hpp"
#include "base/run.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/locks/lock_graph.hpp"
#include "drive/locks/member_names.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <chrono>
#include <CLI/CLI.hpp>
#include <memory>

namespace threadfault::cli {
namespace {

struct LocksOptions {
    std::string pid;
    bool dot = false;
    bool svg = false;
};

int draw(const std::string& graph) {
    constexpr std::chrono::minutes kPatience{5};
    const base::RunResult dot =
        base::run({"dot", "-Tsvg"},
                  {.input = graph, .deadline = std::chrono::steady_clock::now() + kPatience});
    if (dot.end == base::RunResult::End::not_started) {
        throw Error(ErrorCode::no_graphviz,
                    "--svg: the program dot of Graphviz, which draws it, is not to be found",
                    "install graphviz, or take --dot and draw it elsewhere");
    }
    if (!dot.succeeded() || dot.truncated) {
        throw Error(ErrorCode::no_graphviz, "--svg: dot could not draw the graph",
                    "take --dot and see what dot says of it");
    }
    print_out(dot.output);
    return 0;
}

int run_locks(const LocksOptions& options, const Invocation& invocation) {
    if (options.dot && options.svg) {
        throw Error(ErrorCode::usage, "--dot and --svg exclude each other", "say one of them");
    }
    Looked looked(options.pid);
    const pid_t pid = looked.process.pid();
    const std::string command = looked.process.command();
    drive::LockGraph graph = drive::find_locks(looked.process, looked.agent());
    drive::name_members(looked.process, graph.locks);
    if (options.svg) return draw(dot_locks(pid, command, graph));
    print_out(options.dot       ? dot_locks(pid, command, graph)
              : invocation.json ? json_locks(pid, graph)
                                : render_locks(pid, command, graph, invocation.style()));
    return 0;
}

}  // namespace

void setup_locks(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<LocksOptions>();
    app.add_option("PID", options->pid, "any process that we may look into")
        ->required()
        ->type_name("");
    app.add_flag("--dot", options->dot, "as a graph for Graphviz");
    app.add_flag("--svg", options->svg, "drawn, by Graphviz");
    app.footer(
        "What every blocked thread waits for, who owns it, and who waits for those: deadlocks, "
        "and\n"
        "locks whose owners are dead. From outside alone: no signal, no thread is stopped. What "
        "is\n"
        "known of a dead owner comes from the agent, where the process has one.\n"
        "Condition variables, semaphores and barriers know no owner; they are listed below the "
        "tree.\n"
        "\n"
        "Examples:\n"
        "  threadfault locks 4711\n"
        "  threadfault locks 4711 --json | jq '.locks[] | select(.orphaned)'\n"
        "  threadfault locks 4711 --svg > locks.svg\n"
        "\n"
        "Exit status: 0, whatever was found; 2 usage, 3 no such process, 5 not permitted.\n");
    invocation.action = [options, &invocation] { return run_locks(*options, invocation); };
}

}  // namespace threadfault::cli
