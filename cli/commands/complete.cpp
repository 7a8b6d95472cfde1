// threadfault __complete WORDS…: what the last of the words may become, for the completion scripts.
// One candidate a line, with a tab and a few words about it. Hidden: not for people.
#include "base/clean_text.hpp"
#include "base/fault.hpp"
#include "base/signal_name.hpp"
#include "commands/commands.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "observe/process.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <charconv>
#include <CLI/CLI.hpp>
#include <map>
#include <optional>

namespace threadfault::cli {
namespace {

using Candidates = std::vector<std::pair<std::string, std::string>>;

template <typename List = std::initializer_list<std::string_view>>
Candidates words(const List& list) {
    Candidates candidates;
    for (const std::string_view word : list)
        candidates.emplace_back(word, "");
    return candidates;
}

Candidates targets() {
    Candidates candidates;
    for (const drive::Target& target : drive::find_targets()) {
        candidates.emplace_back(std::to_string(target.pid), base::clean_line(target.command));
    }
    return candidates;
}

Candidates commands_of_targets() {
    Candidates candidates;
    for (const drive::Target& target : drive::find_targets()) {
        std::string file = target.command.substr(0, target.command.find(' '));
        candidates.emplace_back(file.substr(file.rfind('/') + 1), base::clean_line(target.command));
    }
    return candidates;
}

Candidates threads_of(const std::string& pid_text) {
    Candidates candidates{{"main", "the main thread"}};
    pid_t pid = 0;
    std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
    std::map<std::string, std::vector<pid_t>> by_name;
    try {
        const observe::Process process(pid);
        for (const observe::TaskStat& stat : process.snapshot()) {
            if (stat.name != "threadfault") by_name[stat.name].push_back(stat.tid);
        }
    } catch (const Error&) {
        return candidates;
    }
    for (const auto& [name, tids] : by_name) {
        candidates.emplace_back("name=" + base::clean_line(name), counted(tids.size(), "thread"));
    }
    for (const char* key : {"start=", "path=", "nth=", "state=", "waiting="}) {
        candidates.emplace_back(key, "");
    }
    for (const auto& [name, tids] : by_name) {
        for (pid_t tid : tids)
            candidates.emplace_back(std::to_string(tid), base::clean_line(name));
    }
    return candidates;
}

Candidates signals() {
    Candidates candidates;
    for (int number = 1; number <= 31; number++) {
        candidates.emplace_back(base::signal_name(number).substr(3), "");
    }
    candidates.emplace_back("RTMIN+", "real-time signals");
    return candidates;
}

Candidates values_of_option(const std::string& option) {
    if (option == "--how") return words(base::kDeathNames);
    if (option == "--color") return words({"auto", "always", "never"});
    if (option == "--wait" || option == "--for") return words({"250ms", "1s", "5s", "1m"});
    if (option == "--command") return commands_of_targets();
    if (option == "--descendants-of") return targets();
    if (option == "--to") return words({"1%", "10%", "50%"});
    return {};
}

Candidates values_of_positional(const std::string& name, const std::vector<std::string>& given) {
    if (name == "PID" || name == "PID|PROGRAM") return targets();
    if (name == "THREAD") return threads_of(given.front());
    if (name == "SIG") return signals();
    if (name == "SHELL") return words({"bash", "zsh", "fish"});
    return {};
}

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->check_name(word)) return option;
    }
    return nullptr;
}

Candidates options_of(const CLI::App& app) {
    Candidates candidates;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        for (const std::string& name : option->get_lnames()) {
            candidates.emplace_back("--" + name, option->get_description());
        }
    }
    return candidates;
}

Candidates candidates_for(const std::vector<std::string>& typed) {
    const std::string current = typed.empty() ? "" : typed.back();
    const Command* command = nullptr;
    std::vector<std::string> given;  // positional arguments of the command
    CLI::App app;
    Invocation scratch;
    std::string open_option;  // the option whose value comes next
    for (std::size_t i = 0; i + 1 < typed.size(); i++) {
        const std::string& word = typed[i];
        if (!open_option.empty()) {
            open_option.clear();
        } else if (word.starts_with('-')) {
            const CLI::Option* option = command != nullptr ? find_option(app, word) : nullptr;
            const bool valued = option != nullptr ? option->get_items_expected_min() > 0
                                                  : word == "--color" || word == "--shim";
            if (valued) open_option = word;
        } else if (command == nullptr) {
            command = find_command(word);
            if (command == nullptr || command->hidden) return {};
            setup(*command, app, scratch);
        } else {
            given.push_back(word);
        }
    }
    if (!open_option.empty()) return values_of_option(open_option);
    if (command == nullptr) {
        if (current.starts_with('-'))
            return words({"--json", "--color", "--shim", "--version", "--help"});
        Candidates candidates;
        for (const Command& known : commands()) {
            if (!known.hidden) candidates.emplace_back(known.name, known.summary);
        }
        return candidates;
    }
    if (current.starts_with('-')) return options_of(app);
    std::size_t place = 0;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_positional()) continue;
        if (place++ == given.size()) return values_of_positional(option->get_name(), given);
    }
    return {};
}

int run_complete(const std::vector<std::string>& typed) {
    const std::string current = typed.empty() ? "" : typed.back();
    std::string out;
    for (const auto& [word, about] : candidates_for(typed)) {
        if (word.starts_with(current)) out += formatted("{}\t{}\n", word, about);
    }
    write_all(STDOUT_FILENO, out);
    return 0;
}

}  // namespace

void setup_complete(CLI::App&, Invocation& invocation) {
    invocation.action = [&invocation] { return run_complete(invocation.words); };
}

}  // namespace threadfault::cli
