#include "command.hpp"

#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/process_options.hpp"

#include <algorithm>
#include <array>

namespace threadfault::cli {
namespace {

constexpr std::array kCommands = {
    Command{"run", "Run a program with the shim loaded into it", setup_run},
    Command{"ps", "List the targets, or the threads of one process", setup_ps},
    Command{"kill", "End one thread", setup_kill},
    Command{"signal", "Queue a signal to one thread", setup_signal},
    Command{"freeze", "Hold a thread in place", setup_freeze},
    Command{"thaw", "Release a thread: undo the faults in force on it", setup_thaw},
    Command{"slow", "Limit a thread to a share of the time", setup_slow},
    Command{"delay", "Hold a thread once, for a given time", setup_delay},
    Command{"spin", "Make a thread burn CPU time", setup_spin},
    Command{"interrupt", "Make a thread's blocking call return EINTR", setup_interrupt},
    Command{"demote", "Lower a thread's priority, or bind it to CPUs", setup_demote},
    Command{"inject", "Make calls of a running target fail, wait or wake up spuriously",
            setup_inject},
    Command{"stack", "Show where the threads are: backtraces with lines", setup_stack},
    Command{"locks", "Show which thread waits for which: deadlocks, orphaned locks", setup_locks},
    Command{"watch", "Tell whether a process makes progress, is idle or is stuck", setup_watch},
    Command{"top", "Watch the threads live, and do things to them", setup_top},
    Command{"events", "Print what happens to the threads, as it happens", setup_events},
    Command{"attach", "Make a running process a target, without a shim in it", setup_attach},
    Command{"detach", "Let an attached process go", setup_detach},
    Command{"storm", "Inject random faults into a target", setup_storm},
    Command{"test", "Run scenario files as tests", setup_test},
    Command{"sweep", "Try the death of every thread at every point, and report what breaks",
            setup_sweep},
    Command{"report", "Unite the reports of a sweep's shards", setup_report},
    Command{"doctor", "Check whether threadfault can work here, and why not", setup_doctor},
    Command{"completion", "Print the completion script for a shell", setup_completion},
    Command{"__complete", "", setup_complete, true},
    Command{"__man", "", setup_man, true},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

const Command* find_command(std::string_view name) {
    const auto found =
        std::find_if(kCommands.begin(), kCommands.end(),
                     [name](const Command& command) { return command.name == name; });
    return found == kCommands.end() ? nullptr : &*found;
}

std::string version_text() {
    return "threadfault " THREADFAULT_VERSION;
}

void setup(const Command& command, CLI::App& app, Invocation& invocation) {
    command.setup(app, invocation);
    add_process_options(app, command.name != "attach" && command.name != "detach");
    setup_common(app, invocation);
}

void setup_common(CLI::App& app, Invocation& invocation) {
    app.set_help_flag("-h,--help", "show this help");
    app.allow_extras();
    app.add_flag("--json", invocation.json, "print one JSON object; errors are JSON on stderr");
    app.add_option("--color", invocation.color, "auto, always or never")
        ->type_name("WHEN")
        ->take_last();
    app.add_option("--shim", invocation.shim, "use this shim instead of the one found")
        ->type_name("PATH")
        ->take_last();
    app.add_flag_function(
           "-V,--version", [](std::int64_t) { throw CLI::CallForVersion(version_text(), 0); },
           "print the version")
        ->group("");
}

}  // namespace threadfault::cli
