// threadfault storm: random faults on a target, seeded, journalled, replayable.
#include "drive/storm/storm.hpp"
#include "base/clean_text.hpp"
#include "base/descriptor.hpp"
#include "base/duration.hpp"
#include "base/json_schema.hpp"
#include "base/signal_name.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/stop_request.hpp"
#include "commands/thread_options.hpp"
#include "drive/faults/settle.hpp"
#include "drive/programs/launch.hpp"
#include "drive/storm/journal.hpp"
#include "format/format.hpp"
#include "harness/guarded_process.hpp"
#include "render/progress_line.hpp"
#include "render/text.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

namespace threadfault::cli {
namespace {

using namespace std::chrono_literals;

struct StormArguments {
    std::string pid;
    std::string threads;
    std::string faults = "kill=cancel,freeze=200ms,delay=50ms,interrupt";
    std::string every = "500ms±50%";
    std::string duration = "30s";
    std::string seed;
    std::string journal = "threadfault-storm.jsonl";
    std::string replay;
    bool force = false;
};

// A program that the storm starts. Its guardian ends it, with all that it has started, when the
// storm is over or this command is gone, whatever it is that ended it.
class OwnTarget {
public:
    // Its output goes where ours goes; not among our JSON.
    OwnTarget(const std::vector<std::string>& command, const std::string& shim, bool json)
        : process_(launch_of(command, shim), options(),
                   base::Descriptor(json ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1)) {}

    pid_t pid() const noexcept { return process_.pid(); }

    // Until its first thread is made and the agent answers, and then until all of them are: the
    // n-th thread in the order of the paths must be the same one in every run.
    void wait_until_ready() {
        for (int i = 0; i < 500; i++) {
            if (process_.has_ended()) {
                throw Error(ErrorCode::target_died, "the program ended before it created a thread",
                            "");
            }
            if (interrupted()) {
                throw Error(ErrorCode::no_agent, "interrupted before the program created a thread",
                            "");
            }
            try {
                const observe::Process process(pid());
                client::Connection connection(process);
                connection.hello();
                drive::wait_until_settled(process, connection, 5s, [] { return interrupted(); });
                return;
            } catch (const Error&) {
                std::this_thread::sleep_for(20ms);
            }
        }
        throw Error(ErrorCode::no_agent, "the program created no thread within 10 s",
                    formatted("threadfault doctor {}", pid()));
    }

private:
    static drive::Launch launch_of(const std::vector<std::string>& command,
                                   const std::string& shim) {
        drive::LaunchOptions options;
        options.command = command;
        options.shim = drive::find_shim(shim);
        return drive::prepare_launch(options);
    }

    static LaunchOptions options() {
        LaunchOptions options;
        options.output = Output::passed;
        options.input = Input::passed;
        options.grace = 2s;
        return options;
    }

    target::GuardedProcess process_;
};

std::string line_of(const drive::StormStep& step, const Style& style) {
    const bool good = step.outcome == "done" || step.outcome == "ended";
    const std::string outcome = step.outcome == "target-died" ? style.red(step.outcome)
                                : good                        ? style.green(step.outcome)
                                                              : style.yellow(step.outcome);
    return formatted("{:>9.3f} s  {:<16}  {:<10}  {:<15}  {}{}\n",
                     static_cast<double>(step.at.count()) * 1e-9, step.fault,
                     step.path.empty() ? "-" : step.path, base::clean_line(step.name), outcome,
                     step.reason.empty() ? "" : ": " + base::clean_line(step.reason));
}

class Summary {
public:
    void add(const drive::StormStep& step) { ++counts_[step.fault][step.outcome]; }

    std::string text(const drive::StormEnd& end, const drive::StormJournal& journal,
                     std::uint64_t seed, const Style& style) const {
        std::string out = "\n";
        for (const auto& [fault, outcomes] : counts_) {
            std::vector<std::string> parts;
            for (const auto& [outcome, count] : outcomes)
                parts.push_back(formatted("{} {}", count, outcome));
            out += formatted("{:<16}  {}\n", fault, joined(parts, ", "));
        }
        out += formatted("{}, seed {}; {} released at the end; journal: {}\n",
                         counted(end.steps, "fault"), seed,
                         counted(end.undone, "thread") + (end.undone == 1 ? " was" : " were"),
                         base::clean_line(journal.path()));
        if (end.target_died)
            out += style.red("the target died: " + base::clean_line(*end.target_died)) + "\n";
        if (end.target_ended) {
            out += "the target ended: " + base::clean_line(*end.target_ended) + "\n";
        }
        if (end.stopped) {
            out += style.yellow(
                       "the target is stopped (SIGSTOP, or a debugger): what is in force "
                       "ends when it continues") +
                   "\n";
        }
        return out;
    }

    std::string json(pid_t pid, const drive::StormEnd& end, const drive::StormJournal& journal,
                     std::uint64_t seed) const {
        nlohmann::ordered_json json = {
            {"schema", base::kJsonSchema}, {"pid", pid},           {"seed", seed},
            {"faults", end.steps},         {"undone", end.undone}, {"journal", journal.path()}};
        json["outcomes"] = counts_;
        json["target_died"] = end.target_died ? nlohmann::ordered_json(*end.target_died)
                                              : nlohmann::ordered_json(nullptr);
        json["target_ended"] = end.target_ended ? nlohmann::ordered_json(*end.target_ended)
                                                : nlohmann::ordered_json(nullptr);
        const std::optional<int> status = end.wait_status;
        json["exit_code"] = nullptr;
        json["signal"] = nullptr;
        if (status && WIFEXITED(*status)) json["exit_code"] = WEXITSTATUS(*status);
        if (status && WIFSIGNALED(*status)) {
            json["signal"] = base::signal_name(WTERMSIG(*status));
        }
        json["stopped"] = end.stopped;
        return json.dump() + "\n";
    }

private:
    std::map<std::string, std::map<std::string, std::size_t>> counts_;
};

int run_storm_command(const StormArguments& arguments, const Invocation& invocation) {
    // Mistakes in the command line are reported before anything is started.
    drive::StormOptions options;
    options.selector = arguments.threads;
    if (!options.selector.empty()) drive::parse_selector(options.selector);
    options.faults = drive::parse_storm_faults(arguments.faults);
    options.every = drive::parse_interval(arguments.every);
    options.duration = base::require_duration("--for", arguments.duration);
    options.seed = parse_seed(arguments.seed).value_or(std::random_device{}());
    const bool replays = !arguments.replay.empty();
    drive::RecordedStorm recorded;
    if (replays) recorded = drive::read_storm_journal(arguments.replay);
    if (arguments.pid.empty() == invocation.program.empty()) {
        throw Error(ErrorCode::usage, "storm: needs either a PID or a program",
                    "threadfault storm PID …, or threadfault storm … -- PROGRAM ARGS…");
    }

    drive::StormJournal journal(arguments.journal, arguments.force);

    end_on_interrupt();
    std::optional<OwnTarget> own;
    if (!invocation.program.empty()) {
        own.emplace(invocation.program, invocation.shim, invocation.json);
        own->wait_until_ready();
    }
    const observe::Process process =
        own ? observe::Process(own->pid()) : open_process(arguments.pid);
    // What is replayed is the recorded storm, whatever the options say.
    const drive::StormHeader header =
        replays ? recorded.header
                : drive::StormHeader{process.command(), options.seed, arguments.threads,
                                     arguments.faults, arguments.every};
    journal.begin(header);
    const Style style = invocation.style();
    Summary summary;
    ProgressLine progress(invocation.json);
    const drive::StepListener listener = [&](const drive::StormStep& step) {
        journal.add(step);
        summary.add(step);
        progress.clear();
        if (!invocation.json) print_out(line_of(step, style));
    };
    const std::function<bool()> stopped = [&] {
        progress.show("storm", replays ? 0s : options.duration);
        return interrupted();
    };
    const drive::StormEnd end =
        replays ? drive::replay_storm(process, recorded.steps, listener, stopped)
                : drive::run_storm(process, options, listener, stopped);
    progress.clear();
    print_out(invocation.json ? summary.json(process.pid(), end, journal, header.seed)
                              : summary.text(end, journal, header.seed, style));
    return end.target_died ? static_cast<int>(ExitCode::target_died) : 0;
}

constexpr const char* kStormHelp =
    "At each interval a random thread gets a random fault; both follow from the\n"
    "seed. The main thread is not chosen unless --threads names it. At the end, and\n"
    "on Ctrl-C, what can be undone is undone. A program that the storm starts is\n"
    "ended with it. That storm begins when the program's threads have been the same\n"
    "for 0.1 seconds and its main thread sleeps, or after 5 seconds.\n"
    "\n"
    "Faults: kill=HOW (as in `kill --how`), freeze=TIME, delay=TIME, spin=TIME,\n"
    "slow=PERCENT[/TIME] (default TIME 1s), signal=SIG, interrupt, demote=TIME\n"
    "(SCHED_IDLE), demote=NICE/TIME. If the target has no right to undo a demotion,\n"
    "the storm does not begin.\n"
    "\n"
    "The journal has one JSON object per line: the storm's settings, then each\n"
    "fault, its victim's path and its outcome. --replay injects them again, at the\n"
    "same times and on the same paths; --threads, --faults, --every, --for and\n"
    "--seed are then ignored, and the new journal begins with the recorded settings.\n"
    "A journal that exists is overwritten only with --force.\n"
    "\n"
    "Examples:\n"
    "  threadfault storm 4711 --faults kill=exit,freeze=200ms --every 500ms±50%\n"
    "  threadfault storm --threads 'name=worker*' --faults delay=20ms -- ./server\n"
    "  threadfault storm 4711 --replay threadfault-storm.jsonl --journal again.jsonl\n"
    "\n"
    "Exit status: 0 done, also when the target ended by itself, with code 0;\n"
    "2 usage or journal error, 3 no such process, 4 no agent, 5 not permitted,\n"
    "7 the target died, 8 output or journal not written.\n";

}  // namespace

void setup_storm(CLI::App& app, Invocation& invocation) {
    const auto arguments = std::make_shared<StormArguments>();
    invocation.usage_tail = "[-- PROGRAM ARGS…]";
    app.add_option("PID", arguments->pid, "process ID of the target")->type_name("");
    app.add_option("--threads", arguments->threads, "only threads that match this selector")
        ->type_name("SELECTOR");
    app.add_option("--faults", arguments->faults,
                   "faults to choose from; default " + arguments->faults)
        ->type_name("LIST");
    app.add_option("--every", arguments->every, "time between faults; default " + arguments->every)
        ->type_name("TIME[±N%]");
    app.add_option("--for", arguments->duration,
                   "how long the storm lasts; default " + arguments->duration)
        ->type_name("TIME");
    app.add_option("--seed", arguments->seed, "the same seed gives the same storm")->type_name("N");
    app.add_option("--journal", arguments->journal,
                   "write the faults to this file; default " + arguments->journal)
        ->type_name("FILE");
    app.add_option("--replay", arguments->replay, "repeat the faults in this journal")
        ->type_name("FILE");
    app.add_flag("--force", arguments->force, "overwrite the journal if it exists");
    app.footer(kStormHelp);
    invocation.action = [arguments, &invocation] {
        return run_storm_command(*arguments, invocation);
    };
}

}  // namespace threadfault::cli
