#include "commands/process_options.hpp"

#include "client/connection.hpp"
#include "commands/thread_options.hpp"
#include "drive/programs/attach.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <algorithm>
#include <CLI/CLI.hpp>
#include <optional>
#include <string_view>

namespace threadfault::cli {
namespace {

constexpr std::string_view kCommand = "--command";
constexpr std::string_view kDescendants = "--descendants-of";
constexpr std::string_view kAttach = "--attach";

bool takes_pid(const CLI::App& app) {
    return app.get_option_no_throw("PID") != nullptr;
}

// Takes OPTION VALUE or OPTION=VALUE out of the words.
std::optional<std::string> take(std::string_view option, std::vector<std::string>& words) {
    for (auto word = words.begin(); word != words.end(); ++word) {
        std::string value;
        if (*word == option) {
            const auto next = word + 1;
            if (next != words.end()) value = *next;
            words.erase(word, next == words.end() ? next : next + 1);
        } else if (word->starts_with(option) && word->size() > option.size() &&
                   (*word)[option.size()] == '=') {
            value = word->substr(option.size() + 1);
            words.erase(word);
        } else {
            continue;
        }
        if (!value.empty()) return value;
        throw Error(ErrorCode::usage, formatted("{}: missing value", option),
                    option == kCommand ? "for example --command memcached"
                                       : "for example --descendants-of 4711");
    }
    return std::nullopt;
}

std::string meaning(const drive::TargetFilter& filter) {
    std::string text;
    if (!filter.command.empty()) text = formatted("--command {}", filter.command);
    if (filter.ancestor != 0) {
        text += formatted("{}--descendants-of {}", text.empty() ? "" : " ", filter.ancestor);
    }
    return text;
}

}  // namespace

void add_process_options(CLI::App& app, bool attaching) {
    if (!takes_pid(app)) return;
    if (attaching) {
        const std::string about = "attach to the process if it has no agent, for this request";
        app.add_flag(std::string(kAttach), about);
    }
    app.add_option(std::string(kCommand), "instead of PID: the target running this program (GLOB)")
        ->type_name("NAME");
    app.add_option(std::string(kDescendants),
                   "instead of PID: the target among this process and its descendants")
        ->type_name("PID");
}

void resolve_process(const CLI::App& app, std::vector<std::string>& arguments) {
    if (!takes_pid(app)) return;
    const auto program = std::find(arguments.begin(), arguments.end(), "--");
    if (std::find(arguments.begin(), program, kAttach) != program) {
        client::Connection::set_attach_if_absent([](const observe::Process& process) {
            drive::attach(process, {.time = {}, .until_idle = true});
            return true;
        });
    }
    drive::TargetFilter filter;
    filter.command = take(kCommand, arguments).value_or("");
    if (const auto ancestor = take(kDescendants, arguments)) {
        filter.ancestor = open_process(*ancestor).pid();
    }
    if (filter.command.empty() && filter.ancestor == 0) return;
    const std::vector<drive::TargetProcess> found = drive::find_targets(filter);
    if (found.empty()) {
        throw Error(ErrorCode::no_such_process, formatted("{}: no target matches", meaning(filter)),
                    "`threadfault ps` lists the targets");
    }
    if (found.size() > 1) {
        std::string list;
        for (const drive::TargetProcess& target : found) {
            list += formatted("{}{} ({})", list.empty() ? "" : ", ", target.pid,
                              shorten(target.command, 40, true));
        }
        throw Error(ErrorCode::ambiguous_selector,
                    formatted("{}: {} targets match: {}", meaning(filter), found.size(), list),
                    "use a PID, or both --command and --descendants-of");
    }
    arguments.insert(arguments.begin(), std::to_string(found.front().pid));
}

}  // namespace threadfault::cli
