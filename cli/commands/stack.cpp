#include "commands/stack.hpp"
#include "commands/commands.hpp"
#include "drive/threads/selector.hpp"
#include "threadfault/error.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace threadfault::cli {

void setup_stack(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<StackOptions>();
    app.add_option("PID", options->pid, "any process that we may look into")
        ->required()
        ->type_name("");
    app.add_option("THREAD", options->thread, "thread id or selector, see below; without: all")
        ->type_name("");
    app.add_flag("--collapse", options->collapse,
                 "threads with equal stacks together, the largest group first");
    app.add_flag("--passive", options->passive, "from outside, by ptrace: no signal is sent");
    app.add_option("--depth", options->depth, "frames a thread at most (default 100)")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    app.footer(
        "Where the threads are: function, file and line, inlined calls. In a process that runs "
        "under\n"
        "threadfault each thread copies its registers and the inner part of its stack, which takes "
        "it\n"
        "microseconds; they are unwound outside. Other processes, and threads that don't answer, "
        "are\n"
        "stopped by ptrace for some 50 microseconds each.\n"
        "\n" +
        std::string(drive::selector_help()) +
        "Here several matches are no error: all of them are shown.\n"
        "\n"
        "Examples:\n"
        "  threadfault stack 4711\n"
        "  threadfault stack 4711 name=worker* --collapse\n"
        "  threadfault stack 4711 --json | jq '.threads[].frames[0].function'\n"
        "\n"
        "Exit status: 0; 2 usage, 3 no such process or thread, 5 not permitted, 7 the process "
        "ended.\n");
    invocation.action = [options, &invocation] { return run_stack(*options, invocation); };
}

}  // namespace threadfault::cli
