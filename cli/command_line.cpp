#include "command_line.hpp"

#include "base/suggest.hpp"
#include "cli11.hpp"
#include "command.hpp"
#include "commands/process_options.hpp"
#include "format/format.hpp"
#include "option_words.hpp"
#include "render/error.hpp"
#include "render/help.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace threadfault::cli {
namespace {

struct CommandLine {
    const Command* command = nullptr;
    std::string unknown_command;
    std::vector<std::string> arguments;  // of the command, with the options that stood before it
    bool help = false;
    bool version = false;
};

// Splits the words of `argv` from `first` on into the command's own and its program's.
void split_own(int argc, char** argv, int first, const CLI::App& app, CommandLine* line,
               Invocation* invocation) {
    WordReader reader(app, program_begins(line->command->name));
    for (int i = first; i < argc; i++) {
        const WordReader::Kind kind = reader.read(argv[i]);
        if (kind == WordReader::Kind::dashes || kind == WordReader::Kind::program) {
            const int program = kind == WordReader::Kind::dashes ? i + 1 : i;
            invocation->program.assign(argv + program, argv + argc);
            return;
        }
        line->arguments.emplace_back(argv[i]);
    }
}

// Sets `app` up for the command that is named.
CommandLine split(int argc, char** argv, CLI::App* app, Invocation* invocation) {
    CommandLine line;
    CLI::App common;
    if (argc > 1 && argv[1][0] == '-') setup_common(common, *invocation);
    WordReader reader(common, ProgramBegins::never);
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        const WordReader::Kind kind = reader.read(word);
        if (kind != WordReader::Kind::plain) {
            line.arguments.push_back(word);
            if (kind == WordReader::Kind::value) continue;
            if (word == "-h" || word == "--help") line.help = true;
            if (word == "-V" || word == "--version") line.version = true;
            continue;
        }
        const bool asks_help = word == "help";
        line.help = line.help || asks_help;
        if (asks_help && i + 1 == argc) return line;
        const std::string name = asks_help ? argv[i + 1] : word;
        line.command = find_command(name);
        if (line.command == nullptr) {
            line.unknown_command = name;
            return line;
        }
        if (asks_help) {
            setup(*line.command, *app, *invocation);
            line.arguments.emplace_back("--help");
            return line;
        }
        if (line.command->hidden) {
            invocation->words.assign(argv + i + 1, argv + argc);
        }
        setup(*line.command, *app, *invocation);
        if (!line.command->hidden) split_own(argc, argv, i + 1, *app, &line, invocation);
        return line;
    }
    return line;
}

// Before anything is parsed: the format in which errors are reported.
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
    return Error(ErrorCode::usage, message, std::move(hint));
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
        formatted("invalid --color \"{}\"", color),
        near.empty() ? "one of auto, always, never" : formatted("did you mean {}?", near));
}

int dispatch(int argc, char** argv, Invocation& invocation) {
    CLI::App app;
    CommandLine line = split(argc, argv, &app, &invocation);
    if (line.command == nullptr) {
        if (!line.unknown_command.empty()) {
            std::vector<std::string> names = {"help"};
            for (const Command& command : commands()) {
                if (!command.hidden) names.emplace_back(command.name);
            }
            const std::string near = base::nearest(line.unknown_command, names);
            throw usage_error(formatted("unknown command \"{}\"", line.unknown_command),
                              near.empty() ? "threadfault --help lists the commands"
                                           : formatted("did you mean {}?", near));
        }
        if (line.version) {
            print_out(version_text() + "\n");
            return 0;
        }
        if (line.help) {
            print_out(overview(invocation.style()));
            return 0;
        }
        // Only options: report an unknown one rather than the missing command.
        for (const std::string& word : line.arguments) {
            if (word == "--json" || word.starts_with("--color") || word.starts_with("--shim") ||
                !word.starts_with('-')) {
                continue;
            }
            static constexpr std::string_view kCommon[] = {"--json", "--color", "--shim",
                                                           "--version", "--help"};
            const std::string_view near = base::nearest(word.substr(0, word.find('=')), kCommon);
            throw usage_error(formatted("unknown option {}", word),
                              near.empty() ? std::string("threadfault --help")
                                           : formatted("did you mean {}?", near));
        }
        throw usage_error("missing command", "threadfault --help lists the commands");
    }

    const auto asks_help = [](const std::string& word) { return word == "-h" || word == "--help"; };
    if (std::none_of(line.arguments.begin(), line.arguments.end(), asks_help)) {
        resolve_process(line.command->name, app, line.arguments);
    }
    // CLI11 takes them from the back.
    std::reverse(line.arguments.begin(), line.arguments.end());
    try {
        app.parse(std::move(line.arguments));
    } catch (const CLI::CallForHelp&) {
        print_out(command_help(*line.command, app, invocation, invocation.style()));
        return 0;
    } catch (const CLI::CallForVersion&) {
        print_out(version_text() + "\n");
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

int run_command_line(int argc, char** argv) {
    Invocation invocation;
    invocation.given.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
    note_error_format(argc, argv, &invocation);
    try {
        return dispatch(argc, argv, invocation);
    } catch (const Error& error) {
        report_error(error, invocation.json, invocation.error_style());
        return exit_status(error);
    } catch (const std::exception& error) {
        const Error unforeseen(ErrorCode::internal, error.what());
        report_error(unforeseen, invocation.json, invocation.error_style());
        return exit_status(unforeseen);
    }
}

}  // namespace threadfault::cli
