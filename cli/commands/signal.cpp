// threadfault signal: queue a signal to one thread.
#include "base/signal_name.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

struct SignalOptions {
    ThreadOptions thread;
    std::string signal;
    std::int64_t value = 0;
};

constexpr const char* kSignalExamples =
    "The kernel alone sends it: the process needs no agent.\n"
    "\n"
    "SIG is a name (USR1, SIGTERM, RTMIN+3) or a number. 32 and 33 are reserved by\n"
    "glibc and refused. The signal goes to that thread, as with tgkill(2); a\n"
    "real-time signal carries --value.\n"
    "\n"
    "Examples:\n"
    "  threadfault signal 4711 4713 USR1\n"
    "  threadfault signal 4711 name=worker* --first SEGV      a crash of that thread\n"
    "  threadfault signal 4711 main RTMIN+5 --value 42\n"
    "\n"
    "Exit status: 0 delivered, 2 usage, 3 no such process or thread, or several\n"
    "match, 4 --attach is impossible there, 5 not permitted, 6 still queued because\n"
    "the thread blocks it or is stopped, 7 the signal ended the target.\n";

int run_signal(const SignalOptions& options, const Invocation& invocation) {
    const drive::Plan plan = plan_of("", [&] {
        return drive::PlanInput{.fault = wire::Fault::signal,
                                .signal = drive::require_signal(options.signal),
                                .value = options.value};
    });
    const FaultResults done = inflict_on_chosen(options.thread, plan);
    return report(invocation, options.thread, done, "signal", "",
                  base::signal_name(plan.signal()) + " delivered");
}

}  // namespace

void setup_signal(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<SignalOptions>();
    add_thread_options(app, options->thread);
    app.add_option("SIG", options->signal, "the signal, by name or number")
        ->required()
        ->type_name("");
    app.add_option("--value", options->value, "value sent with the signal; default 0")
        ->type_name("N");
    app.footer(std::string(selector_help()) + "\n" + kSignalExamples);
    invocation.action = [options, &invocation] { return run_signal(*options, invocation); };
}

}  // namespace threadfault::cli
