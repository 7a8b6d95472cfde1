#include "commands/process_options.hpp"

#include "cli11.hpp"
#include "client/connection.hpp"
#include "commands/thread_options.hpp"
#include "drive/programs/attach.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace threadfault::cli {
namespace {

constexpr std::string_view kCommand = "--command";
constexpr std::string_view kDescendants = "--descendants-of";
constexpr std::string_view kContainer = "--container";
constexpr std::string_view kAttach = "--attach";

// What stands in the place of a PID, with a value to show.
struct Way {
    std::string_view option;
    std::string_view example;
};
constexpr Way kWays[] = {
    {kCommand, "memcached"}, {kDescendants, "4711"}, {kContainer, "4c01db0b339c"}};

bool takes_pid(const CLI::App& app) {
    return app.get_option_no_throw("PID") != nullptr;
}

// Takes OPTION VALUE or OPTION=VALUE out of the words.
std::string take(const Way& way, std::vector<std::string>& words) {
    for (auto word = words.begin(); word != words.end(); ++word) {
        std::string value;
        if (*word == way.option) {
            const auto next = word + 1;
            if (next != words.end()) value = *next;
            words.erase(word, next == words.end() ? next : next + 1);
        } else if (word->starts_with(way.option) && word->size() > way.option.size() &&
                   (*word)[way.option.size()] == '=') {
            value = word->substr(way.option.size() + 1);
            words.erase(word);
        } else {
            continue;
        }
        if (!value.empty()) return value;
        throw Error(ErrorCode::usage, formatted("{}: missing value", way.option),
                    formatted("for example {} {}", way.option, way.example));
    }
    return {};
}

std::string meaning(const drive::TargetFilter& filter) {
    std::vector<std::string> words;
    if (!filter.command.empty()) words.push_back(formatted("{} {}", kCommand, filter.command));
    if (filter.ancestor != 0) words.push_back(formatted("{} {}", kDescendants, filter.ancestor));
    if (!filter.container.empty())
        words.push_back(formatted("{} {}", kContainer, filter.container));
    return joined(words, " ");
}

constexpr std::size_t kMostListed = 20;

std::string list_of(const std::vector<drive::TargetProcess>& found) {
    std::vector<std::string> words;
    for (const drive::TargetProcess& one : found) {
        if (words.size() == kMostListed) break;
        words.push_back(formatted("{} ({})", one.pid, shorten(one.command, 40, true)));
    }
    const std::size_t more = found.size() - words.size();
    return joined(words, ", ") + (more == 0 ? "" : formatted(" and {} more", more));
}

// None of the targets: what runs that is none?
[[noreturn]] void fail_without_target(const drive::TargetFilter& filter, bool may_attach) {
    const std::vector<drive::TargetProcess> running = drive::find_processes(filter);
    if (running.empty()) {
        throw Error(ErrorCode::no_such_process, formatted("{}: no target matches", meaning(filter)),
                    "no other process does, either; `threadfault ps` lists the targets");
    }
    if (running.size() == 1) {
        throw Error(ErrorCode::no_agent,
                    formatted("{}: process {} is running, but is not a target", meaning(filter),
                              list_of(running)),
                    ErrorFacts{.pid = running.front().pid, .may_attach = may_attach});
    }
    throw Error(ErrorCode::no_agent,
                formatted("{}: {} processes are running, but none of them is a target: {}",
                          meaning(filter), running.size(), list_of(running)),
                "`threadfault attach PID` makes one a target, or a PID and --attach with this "
                "command");
}

drive::TargetFilter take_filter(std::vector<std::string>& words) {
    drive::TargetFilter filter;
    filter.command = take(kWays[0], words);
    if (const std::string ancestor = take(kWays[1], words); !ancestor.empty()) {
        filter.ancestor = open_process(ancestor).pid();
    }
    filter.container = take(kWays[2], words);
    return filter;
}

}  // namespace

void add_process_options(CLI::App& app, bool attaching) {
    if (!takes_pid(app)) return;
    if (attaching) {
        const std::string about = "attach to the process if it has no agent, for this request";
        app.add_flag(std::string(kAttach), about);
    }
    app.add_option(std::string(kCommand),
                   "instead of PID: the target running this program (GLOB); with --attach, "
                   "the process")
        ->type_name("NAME");
    app.add_option(std::string(kDescendants),
                   "instead of PID: the target among this process and its descendants")
        ->type_name("PID");
    app.add_option(std::string(kContainer),
                   "instead of PID: the target in this container (its ID's first digits)")
        ->type_name("ID");
}

void resolve_process(std::string_view command, const CLI::App& app,
                     std::vector<std::string>& arguments) {
    if (!takes_pid(app)) return;
    const auto program = std::find(arguments.begin(), arguments.end(), "--");
    const bool attach = std::find(arguments.begin(), program, kAttach) != program;
    if (attach) {
        client::Connection::set_attach_if_absent([](const observe::Process& process) {
            drive::attach(process, {.time = {}, .until_idle = true});
            return true;
        });
    }
    const drive::TargetFilter filter = take_filter(arguments);
    if (filter.is_open()) return;
    // `attach` is for what is no target yet.
    const bool any = attach || command == "attach";
    const std::vector<drive::TargetProcess> found =
        any ? drive::find_processes(filter) : drive::find_targets(filter);
    if (found.empty() && any) {
        throw Error(ErrorCode::no_such_process,
                    formatted("{}: no process matches", meaning(filter)));
    }
    if (found.empty()) fail_without_target(filter, command != "detach");
    if (found.size() > 1) {
        ErrorFacts facts{
            .advice = "use a PID, or several of --command, --descendants-of and --container"};
        for (const drive::TargetProcess& one : found)
            facts.candidates.push_back(formatted("{} {}", one.pid, one.command));
        throw Error(ErrorCode::ambiguous_selector,
                    formatted("{}: {} {} match: {}", meaning(filter), found.size(),
                              any ? "processes" : "targets", list_of(found)),
                    std::move(facts));
    }
    arguments.insert(arguments.begin(), std::to_string(found.front().pid));
}

}  // namespace threadfault::cli
