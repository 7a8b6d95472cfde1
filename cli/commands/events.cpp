// threadfault events: what happens to a target's threads, as it happens.
#include "render/events.hpp"
#include "base/duration.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/stop_request.hpp"
#include "commands/thread_options.hpp"
#include "render/text.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

using namespace std::chrono_literals;

struct EventsOptions {
    std::string pid;
    std::string duration;
};

int run_events(const EventsOptions& options, const Invocation& invocation) {
    auto end = client::Clock::time_point::max();
    if (!options.duration.empty()) {
        end = client::Clock::now() + base::require_duration("--for", options.duration);
    }
    const observe::Process process = open_process(options.pid);
    client::Connection connection(process);
    end_on_interrupt();
    connection.follow();
    const Style style = invocation.style();
    try {
        while (!interrupted() && client::Clock::now() < end) {
            const auto event =
                connection.receive_event(std::min(end, client::Clock::now() + 100ms));
            if (!event) continue;
            const pid_t tid = connection.outer_tid(event->tid);
            const std::string line = invocation.json
                                         ? json_event(*event, tid != 0 ? tid : event->tid)
                                         : text_event(*event, tid != 0 ? tid : event->tid, style);
            print_out(line);
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::target_died) throw;
        // The last event of all, which no agent can tell.
        print_out(invocation.json ? json_target_ended(process.pid()) : text_target_ended(style));
    }
    return 0;
}

}  // namespace

void setup_events(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<EventsOptions>();
    app.add_option("PID", options->pid, "process ID of the target")->required()->type_name("");
    app.add_option("--for", options->duration, "stop after this time")->type_name("TIME");
    app.footer(
        "Prints one line per event: a thread was created, was named, ended (returned,\n"
        "exited, cancelled or vanished), or had a fault injected. The end of a thread\n"
        "that announced none (a raw exit system call, or the kernel ended it) is\n"
        "noticed a little later, as \"ended, unknown\". Several commands may follow one\n"
        "target; events that come too fast for one are counted and reported as lost.\n"
        "Ctrl-C ends it.\n"
        "\n"
        "Examples:\n"
        "  threadfault events 4711\n"
        "  threadfault events 4711 --json --for 10s | jq 'select(.event == \"ended\")'\n"
        "\n"
        "Exit status: 0 ended by Ctrl-C, by --for or with the target, 2 usage, 3 no such\n"
        "process, 4 no agent, 5 not permitted, 8 output not written.\n");
    invocation.action = [options, &invocation] { return run_events(*options, invocation); };
}

}  // namespace threadfault::cli
