// threadfault locks: which thread waits for which, and orphaned locks.
#include "render/locks.hpp"
#include "base/run.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/locks/lock_graph.hpp"
#include "drive/locks/member_names.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace threadfault::cli {
namespace {

constexpr int kMostProcesses = 64;

struct LocksOptions {
    std::vector<std::string> pids;
    bool dot = false;
    bool svg = false;
    bool exit_code = false;
};

void draw(const std::string& graph) {
    constexpr std::chrono::minutes kPatience{5};
    const base::RunResult dot =
        base::run({"dot", "-Tsvg"},
                  {.input = graph, .deadline = std::chrono::steady_clock::now() + kPatience});
    if (dot.end == base::RunResult::End::not_started) {
        throw Error(ErrorCode::no_graphviz, "--svg: the program `dot` (Graphviz) was not found",
                    "install graphviz, or use --dot and draw the graph elsewhere");
    }
    if (!dot.succeeded() || dot.truncated) {
        throw Error(ErrorCode::no_graphviz, "--svg: dot could not draw the graph",
                    "use --dot and run `dot` on its output to see why");
    }
    print_out(dot.output);
}

int run_locks(const LocksOptions& options, const Invocation& invocation) {
    if (options.dot && options.svg) {
        throw Error(ErrorCode::usage, "--dot and --svg are mutually exclusive", "use one of them");
    }
    std::vector<std::unique_ptr<Looked>> looked;
    std::vector<drive::LookedAt> processes;
    std::vector<NamedProcess> names;
    for (const std::string& pid : options.pids) {
        Looked& one = *looked.emplace_back(std::make_unique<Looked>(pid));
        const pid_t number = one.process.pid();
        const bool twice = std::any_of(names.begin(), names.end(),
                                       [number](const auto& name) { return name.pid == number; });
        if (twice) {
            throw Error(ErrorCode::usage, formatted("process {} is given twice", number),
                        "give each process once");
        }
        processes.push_back({&one.process, one.agent()});
        names.push_back({number, one.process.command()});
    }
    drive::LockGraph graph = drive::find_locks(processes);
    for (const auto& one : looked)
        drive::name_members(one->process, graph.locks);
    const auto orphaned = [](const drive::Lock& lock) { return lock.orphaned; };
    const bool bad =
        !graph.cycles.empty() || std::any_of(graph.locks.begin(), graph.locks.end(), orphaned);
    const int status =
        static_cast<int>(options.exit_code && bad ? ExitCode::bad_verdict : ExitCode::done);
    if (options.svg) {
        draw(dot_locks(names, graph));
        return status;
    }
    print_out(options.dot       ? dot_locks(names, graph)
              : invocation.json ? json_locks(names, graph)
                                : render_locks(names, graph, invocation.style()));
    return status;
}

}  // namespace

void setup_locks(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<LocksOptions>();
    app.add_option("PID", options->pids, "any processes that you may inspect")
        ->required()
        ->expected(1, kMostProcesses)
        ->type_name("");
    app.add_flag("--dot", options->dot, "print a graph for Graphviz");
    app.add_flag("--svg", options->svg, "draw the graph with Graphviz");
    app.add_flag("--exit-code", options->exit_code,
                 "end with 1 if there is a deadlock or an orphaned lock");
    app.footer(
        "Shows what each blocked thread waits for, which thread owns that object, and\n"
        "which threads wait for the owner: deadlocks, and locks whose owner is dead.\n"
        "All of it is read from outside: no signal is sent, no thread is stopped. How a\n"
        "dead owner ended is known where the process has an agent.\n"
        "Condition variables, semaphores and barriers have no owner; they are listed\n"
        "below the tree.\n"
        "Of several processes one picture is made: a lock in memory that they share is\n"
        "one lock, and a deadlock may lead through all of them. Of a single process the\n"
        "others that have its shared memory are named.\n"
        "\n"
        "Examples:\n"
        "  threadfault locks 4711\n"
        "  threadfault locks 4711 --json | jq '.locks[] | select(.orphaned)'\n"
        "  threadfault locks 4711 --svg > locks.svg\n"
        "  threadfault locks 4711 4712\n"
        "\n"
        "Exit status: 0, with or without findings (1 with findings and --exit-code);\n"
        "2 usage, 3 no such process, 5 not permitted, 8 internal error.\n");
    invocation.action = [options, &invocation] { return run_locks(*options, invocation); };
}

}  // namespace threadfault::cli
