// threadfault __complete WORDS…: what the last of the words may become, for the completion scripts.
// One candidate a line, with a tab and a few words about it. A line that begins with a colon is for
// the script alone: ":files" where a file name may stand, too, ":program N" where the word N
// (threadfault itself is 0) begins the command line of another program. Hidden from the help.
#include "base/clean_text.hpp"
#include "base/fault.hpp"
#include "base/signal_name.hpp"
#include "cli11.hpp"
#include "command.hpp"
#include "commands/commands.hpp"
#include "commands/complete_specs.hpp"
#include "drive/programs/targets.hpp"
#include "drive/threads/selector.hpp"
#include "format/format.hpp"
#include "observe/process.hpp"
#include "option_words.hpp"
#include "render/text.hpp"
#include "render/thread_order.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <charconv>
#include <map>

namespace threadfault::cli {
namespace {

template <typename List = std::initializer_list<std::string_view>>
Candidates words(const List& list) {
    Candidates candidates;
    for (const std::string_view word : list)
        candidates.emplace_back(word, "");
    return candidates;
}

Candidates targets() {
    Candidates candidates;
    for (const drive::TargetProcess& target : drive::find_targets()) {
        candidates.emplace_back(std::to_string(target.pid), base::clean_line(target.command));
    }
    return candidates;
}

Candidates commands_of_targets() {
    Candidates candidates;
    for (const drive::TargetProcess& target : drive::find_targets()) {
        std::string file = target.command.substr(0, target.command.find(' '));
        candidates.emplace_back(file.substr(file.rfind('/') + 1), base::clean_line(target.command));
    }
    return candidates;
}

Candidates containers_of_targets() {
    Candidates candidates;
    for (const drive::TargetProcess& target : drive::find_targets()) {
        if (!target.container) continue;
        candidates.emplace_back(observe::short_id(*target.container),
                                base::clean_line(target.command));
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
        // What selectors can say is known all the same.
    }
    for (const auto& [name, tids] : by_name) {
        candidates.emplace_back("name=" + base::clean_line(name), counted(tids.size(), "thread"));
    }
    for (const std::string_view key : drive::selector_keys()) {
        if (key != "name") candidates.emplace_back(formatted("{}=", key), "");
    }
    for (const std::string_view key : drive::selector_keys()) {
        for (const auto& [value, about] : drive::selector_values(key))
            candidates.emplace_back(formatted("{}={}", key, value), about);
    }
    for (const auto& [name, tids] : by_name) {
        for (pid_t tid : tids)
            candidates.emplace_back(std::to_string(tid), base::clean_line(name));
    }
    return candidates;
}

// What the last term of a selector may become, behind those that stand already.
Candidates selectors(const std::string& pid_text, const std::string& current) {
    Candidates candidates = threads_of(pid_text);
    const std::size_t comma = current.rfind(',');
    if (comma == std::string::npos) return candidates;
    for (auto& [word, about] : candidates)
        word.insert(0, current, 0, comma + 1);
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

bool takes_file(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    return type == "FILE" || type == "PATH" || type == "DIR";
}

Candidates values_of_option(std::string_view command, const std::string& option,
                            const CLI::Option* known, const std::string& current) {
    if (known != nullptr && takes_file(*known)) return {{":files", ""}};
    if (option == "--how" && command == "sweep") return sweep_lists(current);
    if (option == "--how") return words(base::kDeathNames);
    if (option == "--inject") return specs(current);
    if (option == "--faults") return fault_lists(current);
    if (option == "--on-start") return start_faults(current);
    if (option == "--threads") {
        return command == "sweep" ? words({"main", "all", "start=", "path=main/"})
                                  : selectors("", current);
    }
    if (option == "--color") return words({"auto", "always", "never"});
    if (option == "--wait" || option == "--for" || option == "--interval")
        return words({"250ms", "1s", "5s", "1m"});
    if (option == "--command") return commands_of_targets();
    if (option == "--descendants-of") return targets();
    if (option == "--container") return containers_of_targets();
    if (option == "--sort") {
        Candidates candidates;
        for (const ThreadKeyInfo& key : thread_keys())
            candidates.emplace_back(key.name, key.about);
        return candidates;
    }
    if (option == "--to") return words({"1%", "10%", "50%"});
    return {};
}

Candidates values_of_positional(const std::string& name, const std::vector<std::string>& given,
                                const std::string& current) {
    if (name == "FILE") return {{":files", ""}};
    if (name == "PID") return targets();
    if (name == "PID|PROGRAM") {
        Candidates candidates = targets();
        candidates.emplace_back(":files", "");
        return candidates;
    }
    if (name == "THREAD") return selectors(given.front(), current);
    if (name == "SIG") return signals();
    if (name == "SPEC") return specs(current);
    if (name == "VERB") return words({"merge"});
    if (name == "DIR") return {{":files", ""}};
    if (name == "SHELL") return words({"bash", "zsh", "fish"});
    return {};
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

Candidates options_before_the_command() {
    CLI::App app;
    Invocation scratch;
    setup_common(app, scratch);
    Candidates candidates = options_of(app);
    candidates.emplace_back("--version", "print the version");
    return candidates;
}

// `typed` from `first` on are the words of the command.
Candidates candidates_of(const Command& command, const std::vector<std::string>& typed,
                         std::size_t first) {
    CLI::App app;
    Invocation scratch;
    setup(command, app, scratch);
    const std::string& current = typed.back();
    const ProgramBegins begins = program_begins(command.name);
    WordReader reader(app, begins);
    std::vector<std::string> given;  // positional arguments
    std::string before;              // the word before the last
    for (std::size_t i = first; i + 1 < typed.size(); i++) {
        switch (reader.read(typed[i])) {
            case WordReader::Kind::plain:
                given.push_back(typed[i]);
                break;
            case WordReader::Kind::dashes:
                return {{formatted(":program {}", i + 2), ""}};
            case WordReader::Kind::program:
                return {{formatted(":program {}", i + 1), ""}};
            default:
                break;
        }
        before = typed[i];
    }
    if (reader.open_option() != nullptr)
        return values_of_option(command.name, before, reader.open_option(), current);
    if (current.starts_with('-')) return options_of(app);
    if (begins == ProgramBegins::at_first_plain_word) {
        return {{formatted(":program {}", typed.size()), ""}};
    }
    std::size_t place = 0;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_positional()) continue;
        // The last one may take all that follow.
        const bool repeats = option->get_items_expected_max() > 1;
        if (place++ == given.size() || repeats) {
            return values_of_positional(option->get_name(), given, current);
        }
    }
    return {};
}

Candidates names_of_commands() {
    Candidates candidates;
    for (const Command& known : commands()) {
        if (!known.hidden) candidates.emplace_back(known.name, known.summary);
    }
    return candidates;
}

Candidates candidates_for(const std::vector<std::string>& typed) {
    if (typed.empty()) return {};
    CLI::App common;
    Invocation scratch;
    setup_common(common, scratch);
    WordReader reader(common, ProgramBegins::never);
    std::string before;
    for (std::size_t i = 0; i + 1 < typed.size(); i++) {
        if (reader.read(typed[i]) == WordReader::Kind::plain) {
            if (typed[i] == "help")
                return i + 2 == typed.size() ? names_of_commands() : Candidates();
            const Command* const command = find_command(typed[i]);
            if (command == nullptr || command->hidden) return {};
            return candidates_of(*command, typed, i + 1);
        }
        before = typed[i];
    }
    if (reader.open_option() != nullptr)
        return values_of_option("", before, reader.open_option(), typed.back());
    if (typed.back().starts_with('-')) return options_before_the_command();
    Candidates candidates = names_of_commands();
    candidates.emplace_back("help", "Show the help of a command");
    return candidates;
}

int run_complete(const std::vector<std::string>& typed) {
    const std::string current = typed.empty() ? "" : typed.back();
    std::string out;
    for (const auto& [word, about] : candidates_for(typed)) {
        if (word.starts_with(current) || word.starts_with(':'))
            out += formatted("{}\t{}\n", word, about);
    }
    print_out(out);
    return 0;
}

}  // namespace

void setup_complete(CLI::App&, Invocation& invocation) {
    invocation.action = [&invocation] { return run_complete(invocation.words); };
}

}  // namespace threadfault::cli
