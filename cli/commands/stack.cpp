#include "commands/stack.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/threads/selector.hpp"
#include "threadfault/error.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace threadfault::cli {

void setup_stack(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<StackOptions>();
    app.add_option("PID", options->pid, "any process that you may inspect")
        ->required()
        ->type_name("");
    app.add_option("THREAD", options->thread,
                   "thread ID or selector, see below; default: all threads")
        ->type_name("");
    app.add_flag("--collapse", options->collapse,
                 "group threads with equal stacks, the largest group first");
    app.add_flag("--passive", options->passive, "read stacks with ptrace; send no signal");
    app.add_option("--depth", options->depth, "at most this many frames per thread; default 100")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    app.footer(
        "Shows where the threads are: function, file and line, inlined calls. In a\n"
        "process that runs under threadfault, each thread copies its registers and the\n"
        "inner part of its stack, which takes microseconds; the copies are unwound in\n"
        "another process. Other processes, and threads that do not answer, are stopped\n"
        "with ptrace for about 50 microseconds each.\n"
        "\n" +
        std::string(selector_help()) +
        "Here several matches are not an error: all of them are shown.\n"
        "\n"
        "Examples:\n"
        "  threadfault stack 4711\n"
        "  threadfault stack 4711 name=worker* --collapse\n"
        "  threadfault stack 4711 --json | jq '.threads[].frames[0].function'\n"
        "\n"
        "Exit status: 0 done, 2 usage, 3 no such process or thread, 5 not permitted,\n"
        "7 the process ended.\n");
    invocation.action = [options, &invocation] { return run_stack(*options, invocation); };
}

}  // namespace threadfault::cli
