#include "commands/stack.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/threads/selector.hpp"
#include "threadfault/error.hpp"

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
    CLI::Option* const by_signal = app.add_flag(
        "--by-signal", options->by_signal,
        "have each thread copy its own stack, by a signal: where it can't be read from outside");
    app.add_flag("--passive", options->passive, "read stacks from outside alone (the default)")
        ->excludes(by_signal);
    app.add_option("--depth", options->depth, "at most this many frames per thread; default 100")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    app.footer(
        "Shows where the threads are: function, file and line, inlined calls. The threads\n"
        "notice nothing: the stack of one that sleeps is read while it sleeps, one that\n"
        "runs is stopped by ptrace for about 50 microseconds, and no call returns early\n"
        "because of that. Where the kernel does not permit that (ptrace_scope,\n"
        "containers), --by-signal has the threads of a process that runs under\n"
        "threadfault copy their own stacks in a signal handler; calls that signal(7)\n"
        "lists may then return EINTR.\n"
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
