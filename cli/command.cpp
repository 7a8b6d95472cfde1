#include "command.hpp"

#include "base/suggest.hpp"
#include "commands/commands.hpp"
#include "commands/process_options.hpp"
#include "format/format.hpp"
#include "render/error.hpp"
#include "render/help.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <CLI/CLI.hpp>
#include <optional>

namespace threadfault::cli {
namespace {

constexpr std::array kCommands = {
    Command{"run", "Run a program with the shim loaded into it", setup_run},
    Command{"ps", "List the targets, or the threads of one process", setup_ps},
    Command{"kill", "End one thread", setup_kill},
    Command{"signal", "Queue a signal to one thread", setup_signal},
    Command{"freeze", "Hold a thread in place", setup_freeze},
    Command{"thaw", "Let a thread go: undo what is in force on it", setup_thaw},
    Command{"slow", "Let a thread run a part of the time only", setup_slow},
    Command{"delay", "Hold a thread once for a time", setup_delay},
    Command{"spin", "Let a thread burn CPU time", setup_spin},
    Command{"interrupt", "Make a thread's blocking call return EINTR", setup_interrupt},
    Command{"demote", "Lower a thread's priority, or bind it to CPUs", setup_demote},
    Command{"inject", "Make calls of a live target fail, wait or wake up for nothing",
            setup_inject},
    Command{"stack", "Show where the threads are: backtraces with lines", setup_stack},
    Command{"locks", "Show who waits for whom: deadlocks, and locks of the dead", setup_locks},
    Command{"watch", "Say whether a process makes progress, is idle or stuck", setup_watch},
    Command{"events", "Follow what happens to the threads", setup_events},
    Command{"storm", "Do random faults to a target for a while", setup_storm},
    Command{"test", "Run scenario files as tests", setup_test},
    Command{"doctor", "Say whether threadfault can work there, and if not, why not", setup_doctor},
    Command{"completion", "Print the completion script for a shell", setup_completion},
    Command{"__complete", "", setup_complete, true},
    Command{"__man", "", setup_man, true},
};

// Options of every command that take a value in the next word.
bool takes_value(std::string_view word) {
    return word == "--color" || word == "--shim";
}

struct CommandLine {
    const Command* command = nullptr;
    std::string_view unknown_command;
    std::vector<std::string> arguments;  // of the command, with the options that stood before it
    bool help = false;
    bool version = false;
};

// `run` ends at the program: what follows belongs to it.
bool ends_own_options(const Command& command, std::string_view word, bool is_value) {
    return command.name == "run" && !is_value && !word.starts_with('-');
}

CommandLine split(int argc, char** argv, Invocation* invocation) {
    CommandLine line;
    bool is_value = false;
    for (int i = 1; i < argc; i++) {
        const std::string_view word = argv[i];
        if (line.command == nullptr) {
            if (is_value || word.starts_with('-')) {
                line.arguments.emplace_back(word);
                if (!is_value && (word == "-h" || word == "--help")) line.help = true;
                if (!is_value && word == "--version") line.version = true;
                is_value = !is_value && takes_value(word);
                continue;
            }
            line.command = find_command(word);
            if (line.command == nullptr) {
                line.unknown_command = word;
                return line;
            }
            if (line.command->hidden) {
                invocation->words.assign(argv + i + 1, argv + argc);
                return line;
            }
            is_value = false;
            continue;
        }
        const bool takes_program = line.command->name == "run" || line.command->name == "storm";
        if (takes_program && !is_value && word == "--") {
            invocation->program.assign(argv + i + 1, argv + argc);
            return line;
        }
        if (ends_own_options(*line.command, word, is_value)) {
            invocation->program.assign(argv + i, argv + argc);
            return line;
        }
        line.arguments.emplace_back(word);
        is_value = !is_value && (takes_value(word) || word == "--log" || word == "--inject" ||
                                 word == "--on-start" || word == "--seed");
    }
    return line;
}

// Before anything is parsed: how are errors to be told?
void note_error_format(int argc, char** argv, Invocation* invocation) {
    for (int i = 1; i < argc; i++) {
        const std::string_view word = argv[i];
        if (word == "--") break;
        if (word == "--json") invocation->json = true;
        if (word == "--color" && i + 1 < argc) invocation->color = argv[i + 1];
        if (word.starts_with("--color=")) invocation->color = word.substr(8);
    }
}

Error usage_error(const std::string& message, std::string hint) {
    return Error(ExitCode::usage, "usage", message, std::move(hint));
}

Error unexpected(const Command& command, const CLI::App& app, const std::string& word) {
    const std::string help = formatted("threadfault {} --help", command.name);
    if (!word.starts_with('-') || word == "-") {
        return usage_error(formatted("{}: unexpected argument \"{}\"", command.name, word), help);
    }
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    }
    const std::string near = base::nearest(word.substr(0, word.find('=')), names);
    return usage_error(formatted("{}: unknown option {}", command.name, word),
                       near.empty() ? help : formatted("did you mean {}?", near));
}

void check_color(const std::string& color) {
    static constexpr std::string_view kModes[] = {"auto", "always", "never"};
    if (std::find(std::begin(kModes), std::end(kModes), color) != std::end(kModes)) return;
    const std::string_view near = base::nearest(color, kModes);
    throw usage_error(
        formatted("--color {}: no such mode", color),
        near.empty() ? "one of auto, always, never" : formatted("did you mean {}?", near));
}

int dispatch(int argc, char** argv, Invocation& invocation) {
    CommandLine line = split(argc, argv, &invocation);
    if (line.command == nullptr) {
        if (!line.unknown_command.empty()) {
            std::vector<std::string> names;
            for (const Command& command : kCommands) {
                if (!command.hidden) names.emplace_back(command.name);
            }
            const std::string near = base::nearest(line.unknown_command, names);
            throw usage_error(formatted("unknown command \"{}\"", line.unknown_command),
                              near.empty() ? "threadfault --help lists the commands"
                                           : formatted("did you mean {}?", near));
        }
        if (line.version) {
            write_all(STDOUT_FILENO, version_text() + "\n");
            return 0;
        }
        if (line.help) {
            write_all(STDOUT_FILENO, overview(invocation.style()));
            return 0;
        }
        // Options alone: an unknown one is told before the missing command.
        for (const std::string& word : line.arguments) {
            if (word == "--json" || word.starts_with("--color") || word.starts_with("--shim") ||
                !word.starts_with('-')) {
                continue;
            }
            throw usage_error(formatted("unknown option {}", word), "threadfault --help");
        }
        throw usage_error("which command?", "threadfault --help lists the commands");
    }

    CLI::App app;
    setup(*line.command, app, invocation);
    const auto asks_help = [](const std::string& word) { return word == "-h" || word == "--help"; };
    if (std::none_of(line.arguments.begin(), line.arguments.end(), asks_help)) {
        resolve_process(app, line.arguments);
    }
    // CLI11 takes them from the back.
    std::reverse(line.arguments.begin(), line.arguments.end());
    try {
        app.parse(std::move(line.arguments));
    } catch (const CLI::CallForHelp&) {
        write_all(STDOUT_FILENO, command_help(*line.command, app, invocation, invocation.style()));
        return 0;
    } catch (const CLI::CallForVersion&) {
        write_all(STDOUT_FILENO, version_text() + "\n");
        return 0;
    } catch (const CLI::ParseError& error) {
        // An unknown option is what went wrong, when there is one; the rest follows from it.
        const std::vector<std::string> extras = app.remaining();
        if (!extras.empty()) throw unexpected(*line.command, app, extras.front());
        throw usage_error(formatted("{}: {}", line.command->name, error.what()),
                          formatted("threadfault {} --help", line.command->name));
    }
    const std::vector<std::string> extras = app.remaining();
    if (!extras.empty()) throw unexpected(*line.command, app, extras.front());
    check_color(invocation.color);
    return invocation.action();
}

}  // namespace

Style Invocation::style() const {
    return style_for(color, STDOUT_FILENO);
}
Style Invocation::error_style() const {
    return style_for(color, STDERR_FILENO);
}

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
    add_process_options(app);
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
           "--version", [](std::int64_t) { throw CLI::CallForVersion(version_text(), 0); },
           "print the version")
        ->group("");
}

int run_command_line(int argc, char** argv) {
    Invocation invocation;
    invocation.given.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
    note_error_format(argc, argv, &invocation);
    try {
        return dispatch(argc, argv, invocation);
    } catch (const Error& error) {
        report_error(error, invocation.json, invocation.error_style());
        return static_cast<int>(error.exit_code());
    } catch (const std::exception& error) {
        const Error unforeseen(ExitCode::usage, "internal", error.what());
        report_error(unforeseen, invocation.json, invocation.error_style());
        return static_cast<int>(unforeseen.exit_code());
    }
}

}  // namespace threadfault::cli
