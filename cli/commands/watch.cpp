// threadfault watch: is a process making progress?
#include "drive/locks/watch.hpp"
#include "base/duration.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/stop_request.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "render/locks.hpp"
#include "render/progress_line.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <memory>

namespace threadfault::cli {
namespace {

struct WatchOptions {
    std::string pid;
    std::string duration = "2s";
};

int run_watch(const WatchOptions& options, const Invocation& invocation) {
    const auto duration = base::require_duration("--for", options.duration);
    Looked looked(options.pid);
    const std::string command = looked.process.command();
    end_on_interrupt();
    ProgressLine progress(invocation.json);
    const std::string what = formatted("watching {}", looked.process.pid());
    const drive::WatchReport report = drive::watch(looked.process, looked.agent(), duration, [&] {
        progress.show(what, duration);
        return interrupted();
    });
    progress.clear();
    print_out(invocation.json
                  ? json_watch(looked.process.pid(), report)
                  : render_watch(looked.process.pid(), command, report, invocation.style()));
    return report.verdict == Progress::stuck ? static_cast<int>(ExitCode::bad_verdict) : 0;
}

}  // namespace

void setup_watch(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<WatchOptions>();
    app.add_option("PID", options->pid, "any process that you may inspect")
        ->required()
        ->type_name("");
    app.add_option("--for", options->duration, "how long to watch; default 2s")->type_name("TIME");
    app.footer(
        "Looks from outside: no thread is stopped, no signal is sent. The verdict is\n"
        "  progressing  a thread computed, or woke more often than a timer would\n"
        "  idle         all threads wait for input or a timer, or for threads that do\n"
        "  stuck        a deadlock; or a lock whose owner is dead or frozen; or no\n"
        "               thread is left that could wake the others\n"
        "  unknown      none of these can be established; or threads only spin in one\n"
        "               loop, which may be a livelock\n"
        "and the evidence follows. Threads that use CPU time and never sleep are sampled\n"
        "while they run, for some tenths of a second more.\n"
        "\n"
        "Examples:\n"
        "  threadfault watch 4711 --for 10s\n"
        "  threadfault watch --command memcached --json | jq -r .verdict\n"
        "\n"
        "Exit status: 0 progressing, idle or unknown; 1 stuck; 2 usage, 3 no such\n"
        "process, 5 not permitted, 7 the process ended.\n");
    invocation.action = [options, &invocation] { return run_watch(*options, invocation); };
}

}  // namespace threadfault::cli
