// threadfault attach and detach: a running process becomes a target, and is none any more.
#include "drive/programs/attach.hpp"
#include "base/duration.hpp"
#include "cli11.hpp"
#include "client/connection.hpp"
#include "commands/commands.hpp"
#include "commands/process_options.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <chrono>
#include <memory>

namespace threadfault::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct AttachOptions {
    std::string pid;
    std::string time;
    std::string wait = "10s";
};

constexpr const char* kAttachText =
    "Makes a running process a target, without a shim in it: a static program, one\n"
    "in a container, one that can't be started anew. One of its threads stands still\n"
    "for a fraction of a millisecond, no other one does, and no call returns\n"
    "early. A guardian process outside then serves all commands that take its PID,\n"
    "until `detach`.\n"
    "\n"
    "Call faults (`inject`, `run --on-start`) need the shim. Who created which\n"
    "thread, and in which order, is not known: the selectors path= and nth= match\n"
    "nothing but main.\n"
    "\n"
    "Examples:\n"
    "  threadfault attach 4711\n"
    "  threadfault attach 4711 --for 10m\n"
    "  threadfault kill 4711 name=worker --first --how vanish --attach\n"
    "\n"
    "Exit status: 0 attached, 2 usage, 3 no such process, 4 impossible there (the\n"
    "output says why), 5 not permitted, 6 stopped, or no thread could be borrowed.\n";

constexpr const char* kDetachText =
    "Undoes the faults in force on an attached process and takes away all that is\n"
    "ours in it: its mappings, descriptors, signal handlers and threads are then as\n"
    "before.\n"
    "\n"
    "Examples:\n"
    "  threadfault detach 4711\n"
    "\n"
    "Exit status: 0 detached, 2 usage, 3 no such process, 4 it is not attached to, 6\n"
    "a thread can't be let go yet (the guardian goes on trying).\n";

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

void tell(const Invocation& invocation, const observe::Process& process, const char* change,
          double seconds) {
    if (invocation.json) {
        print_out(line({{"pid", process.pid()},
                        {"outcome", change},
                        {"seconds", base::rounded(seconds, base::kNanos)}}));
        return;
    }
    print_out(formatted("{} {}: {}, {}\n", process.pid(), shorten(process.command(), 40, true),
                        invocation.style().green(change), base::short_duration(seconds)));
}

bool has_agent(const observe::Process& process) {
    try {
        client::Connection connection(process);
        if (connection.guardian() != 0) {
            throw Error(ErrorCode::too_many,
                        formatted("process {} is attached to already", process.pid()),
                        formatted("`threadfault detach {}` ends that", process.pid()));
        }
        return true;
    } catch (const Error& error) {
        if (!client::means_no_answer(error.error_code())) throw;
        return false;
    }
}

int run_attach(const AttachOptions& options, const Invocation& invocation) {
    drive::AttachOptions attaching;
    if (!options.time.empty()) attaching.time = base::require_duration("--for", options.time);
    const observe::Process process = open_process(options.pid);
    if (has_agent(process)) {
        throw Error(
            ErrorCode::too_many,
            formatted("process {} has an agent already: it runs under threadfault", process.pid()),
            "all commands work on it as it is");
    }
    const Clock::time_point begin = Clock::now();
    drive::attach(process, attaching);
    tell(invocation, process, "attached", seconds_since(begin));
    return 0;
}

int run_detach(const AttachOptions& options, const Invocation& invocation) {
    const auto wait = base::require_duration("--wait", options.wait);
    const observe::Process process = open_process(options.pid);
    const Clock::time_point begin = Clock::now();
    drive::detach(process, wait);
    tell(invocation, process, "detached", seconds_since(begin));
    return 0;
}

}  // namespace

void setup_attach(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<AttachOptions>();
    app.add_option("PID", options->pid, "any process that you may trace")
        ->required()
        ->type_name("");
    app.add_option("--for", options->time, "detach after this time")->type_name("TIME");
    app.footer(kAttachText);
    invocation.action = [options, &invocation] { return run_attach(*options, invocation); };
}

void setup_detach(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<AttachOptions>();
    app.add_option("PID", options->pid, "an attached process")->required()->type_name("");
    app.add_option("--wait", options->wait, "how long to wait for that; default 10s")
        ->type_name("TIME");
    app.footer(kDetachText);
    invocation.action = [options, &invocation] { return run_detach(*options, invocation); };
}

}  // namespace threadfault::cli
