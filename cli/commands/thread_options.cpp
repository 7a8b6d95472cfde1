#include "commands/thread_options.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "base/suggest.hpp"
#include "cli11.hpp"
#include "drive/faults/add_stacks.hpp"
#include "drive/faults/by_kernel.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "render/json.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>

namespace threadfault::cli {
namespace {

std::string result_line(const drive::Result& result, std::string_view verb, const Style& style) {
    const drive::Victim& victim = result.victim;
    std::string line = formatted("{} {}", victim.tid, style.bold(base::clean_line(victim.name)));
    if (!victim.path.empty()) line += style.dim(formatted(" ({})", victim.path));
    line += ": ";
    switch (result.outcome) {
        case Outcome::ended:
        case Outcome::done:
            // By itself is not by the fault.
            line += style.green(result.reason.starts_with("ended-before") ? "ended" : verb);
            break;
        case Outcome::pending:
            line += style.yellow("pending");
            break;
        case Outcome::refused:
            line += style.yellow("refused");
            break;
        case Outcome::target_died:
            line += style.red("target died");
            break;
    }
    line += formatted(", {}", base::short_duration(result.seconds));
    if (!result.reason.empty()) line += formatted(": {}", base::clean_line(result.reason));
    return line + "\n";
}

std::uint64_t parse_random(const std::string& text) {
    std::uint64_t seed = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seed);
    if (error == std::errc() && rest == end) return seed;
    throw Error(ErrorCode::usage, formatted("invalid --random={}: the seed must be a number", text),
                "use --random, or --random=7 for the same choice each time");
}

}  // namespace

void add_thread_options(CLI::App& app, ThreadOptions& options) {
    app.add_option("PID", options.pid, "process ID of the target")->required()->type_name("");
    app.add_option("THREAD", options.thread, "thread ID or selector, see below")
        ->required()
        ->type_name("");
    app.add_flag("--all", options.all, "all threads that match");
    app.add_flag("--first", options.first, "the first that matches, in order of creation");
    app.add_flag("--random", options.random, "a random one that matches; SEED makes it repeatable")
        ->type_name("[=SEED]");
}

drive::Choice choice_of(const ThreadOptions& options) {
    const int given =
        (options.all ? 1 : 0) + (options.first ? 1 : 0) + (options.random.empty() ? 0 : 1);
    if (given > 1) {
        throw Error(ErrorCode::usage, "--all, --first and --random are mutually exclusive",
                    "use one of them");
    }
    drive::Choice choice;
    if (options.all) choice.pick = Pick::all;
    if (options.first) choice.pick = Pick::first;
    if (!options.random.empty()) {
        choice.pick = Pick::random;
        if (options.random != "true") choice.seed = parse_random(options.random);
    }
    return choice;
}

pid_t parse_pid(const std::string& text) {
    long number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (rest != end || text.empty() || number < 0 || error == std::errc::invalid_argument) {
        throw Error(ErrorCode::usage, formatted("\"{}\" is not a process ID", text),
                    "`threadfault ps` lists the targets");
    }
    if (error != std::errc() || number > INT_MAX || number == 0) {
        throw Error(ErrorCode::no_such_process, formatted("no such process: {}", text),
                    "`threadfault ps` lists the targets");
    }
    return static_cast<pid_t>(number);
}

observe::Process open_process(const std::string& text) {
    const pid_t pid = parse_pid(text);
    try {
        return observe::Process(pid);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::no_such_process || !error.advice().empty()) throw;
        const pid_t near = base::nearest_number(pid, drive::likely_targets());
        std::string hint = "`threadfault ps` lists the targets";
        if (near != 0) {
            try {
                hint = formatted("the nearest target is {} ({})", near,
                                 shorten(observe::Process(near).command(), 40, true));
            } catch (const Error&) {
                // It ended: the general hint stands.
            }
        }
        throw Error(error.error_code(), error.what(), hint);
    }
}

Looked::Looked(const std::string& pid_text) : process(open_process(pid_text)) {
    try {
        connection.emplace(process);
        connection->hello();
    } catch (const Error& error) {
        connection.reset();
        if (error.code() == ErrorCode::no_such_process || !process.alive()) throw;
        why = error.what();
        hint = cli::hint(error);
    }
}

drive::ThreadList list_selected(Looked& looked, const std::string& text, drive::Needs needs) {
    std::optional<drive::Selector> selector;
    if (!text.empty()) selector = drive::parse_selector(text);
    const auto has = [&](drive::Term::Key key) { return selector && selector->has(key); };
    using Key = drive::Term::Key;
    if ((has(Key::path) || has(Key::nth)) && looked.agent() == nullptr) {
        throw Error(ErrorCode::no_agent, looked.why, looked.hint);
    }
    drive::ThreadList list = drive::list_threads(looked.process, looked.agent(), needs);
    if (has(Key::in)) drive::add_stacks(looked.process, list);
    // Of all, before any is left out: the waiters name the owners.
    drive::add_holdings(list);
    if (needs.symbols) {
        drive::name_members(looked.process, list.threads);
    } else {
        drive::name_holdings(looked.process, list.threads);
    }
    if (!selector) return list;
    std::erase_if(list.threads,
                  [&](const drive::ThreadView& thread) { return !selector->matches(thread); });
    if (list.threads.empty()) {
        drive::require_not_dead_main(looked.process, looked.agent(), *selector);
        const pid_t pid = looked.process.pid();
        throw Error(ErrorCode::no_such_thread,
                    formatted("no thread of process {} matches \"{}\"", pid, text),
                    formatted("`threadfault ps {}` lists its threads", pid));
    }
    return list;
}

drive::Plan plan_of(std::string_view time, const std::function<drive::PlanInput()>& read) {
    drive::PlanInput input;
    try {
        input = read();
        return drive::Plan(input);
    } catch (const drive::BadValue& error) {
        const auto option = [&]() -> std::string {
            switch (error.part()) {
                case drive::Part::how:
                    return "--how";
                case drive::Part::time:
                    return std::string(time);
                case drive::Part::percent:
                    return "--to";
                case drive::Part::signal:
                    return input.signal == 0 ? "SIG" : formatted("signal {}", input.signal);
                case drive::Part::nice:
                    return "--nice";
                case drive::Part::cpus:
                    return "--cpus";
                case drive::Part::change:
                    break;
            }
            return std::string(base::info(input.fault).name);
        };
        // What is missing has options here.
        const bool no_change = error.part() == drive::Part::change;
        throw Error(error.error_code(), formatted("{}: {}", option(), error.what()),
                    no_change ? "use --nice, --idle or --cpus" : error.advice());
    }
}

std::string_view selector_help() noexcept {
    return "THREAD is a thread ID, or selects threads:\n"
           "  main          the main thread\n"
           "  name=GLOB     by name (name=worker*)\n"
           "  start=GLOB    by the symbol of the start routine\n"
           "  path=main/3/1 by thread path: the first thread created by main's third\n"
           "  nth=N         by order of creation, from 1\n"
           "  state=S       by state: R, S, D, T, t or I\n"
           "  in=FUNCTION   by a function on its stack (a GLOB)\n"
           "  holding=LOCK  by a lock that it holds and others wait for: symbol or address\n"
           "  waiting=KIND  by what it waits for: mutex, rwlock, cond, sem, barrier, join\n"
           "                or futex\n"
           "Terms joined by commas must all hold: name=worker*,waiting=mutex.\n"
           "When several threads match, the command lists them and fails unless --all,\n"
           "--first or --random is given.\n";
}

void connect_if_possible(const observe::Process& process,
                         std::optional<client::Connection>* connection) {
    try {
        connection->emplace(process);
    } catch (const Error& error) {
        const bool forbidden = error.error_code() == ErrorCode::not_permitted;
        if (!forbidden && !client::means_no_answer(error.error_code())) throw;
    }
}

FaultResults inflict_on_chosen(const ThreadOptions& options, const drive::Plan& plan,
                               const BeforeFault& before, const WhileChoosing& meanwhile) {
    // Mistakes in the command line are reported before any process is opened.
    const drive::Choice choice = choice_of(options);
    const drive::Selector selector = drive::parse_selector(options.thread);
    const observe::Process process = open_process(options.pid);
    std::optional<client::Connection> connection;
    if (drive::is_done_by_kernel(plan.fault())) {
        connect_if_possible(process, &connection);
    } else {
        connection.emplace(process);
    }
    client::Connection* const agent = connection ? &*connection : nullptr;
    if (meanwhile && agent != nullptr) agent->meanwhile([&] { meanwhile(process); });
    const std::vector<drive::Victim> victims = drive::choose(process, agent, selector, choice);
    // Where nothing was asked, there was no time.
    if (agent != nullptr) agent->meanwhile(nullptr);
    if (before) before(process, victims);
    return {process.pid(), drive::inflict(process, agent, victims, plan)};
}

FaultResults inflict_on_faulty(const ThreadOptions& options, const drive::Plan& plan) {
    if (choice_of(options).pick != Pick::all) {
        throw Error(ErrorCode::usage, "missing THREAD",
                    "name one, or use --all for every thread of the process");
    }
    const observe::Process process = open_process(options.pid);
    client::Connection connection(process);
    const std::vector<drive::Victim> victims = drive::choose_faulty(process, connection);
    return {process.pid(), drive::inflict(process, connection, victims, plan)};
}

ExitCode exit_code(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::ended:
        case Outcome::done:
            return ExitCode::done;
        case Outcome::pending:
        case Outcome::refused:
            return ExitCode::no_effect;
        case Outcome::target_died:
            return ExitCode::target_died;
    }
    return ExitCode::no_effect;
}

ExitCode worst_exit_code(const std::vector<drive::Result>& results) noexcept {
    ExitCode worst = ExitCode::done;
    for (const drive::Result& result : results)
        worst = std::max(worst, exit_code(result.outcome));
    return worst;
}

int report(const Invocation& invocation, const ThreadOptions& options, const FaultResults& done,
           std::string_view fault, std::string_view how, std::string_view verb) {
    std::string out;
    if (invocation.json) {
        out = json_results(done.pid, fault, how, done.results, options.all);
    } else {
        const Style style = invocation.style();
        for (const drive::Result& result : done.results) {
            out += result_line(result, verb, style);
        }
    }
    print_out(out);
    return static_cast<int>(worst_exit_code(done.results));
}

}  // namespace threadfault::cli
