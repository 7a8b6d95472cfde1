// threadfault slow: limits a thread to a share of the time.
#include "base/duration.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

struct SlowOptions {
    ThreadOptions thread;
    std::string to;
    std::string duration;
    std::string wait = "1s";
};

int run_slow(const SlowOptions& options, const Invocation& invocation) {
    const drive::Plan plan = plan_of("--for", [&] {
        drive::PlanInput input{.fault = wire::Fault::slow,
                               .wait = base::require_duration("--wait", options.wait),
                               .percent = drive::parse_percent(options.to)};
        if (!options.duration.empty()) {
            input.duration = base::require_duration("--for", options.duration);
        }
        return input;
    });
    const FaultResults done = inflict_on_chosen(options.thread, plan);
    std::string verb = formatted("slowed to {}%", plan.percent());
    verb += options.duration.empty() ? " until thawed" : formatted(" for {}", options.duration);
    return report(invocation, options.thread, done, "slow", "", verb);
}

}  // namespace

void setup_slow(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<SlowOptions>();
    add_thread_options(app, options->thread);
    app.add_option("--to", options->to, "share of the time in which it may run, 1% to 99%")
        ->required()
        ->type_name("PERCENT");
    app.add_option("--for", options->duration, "return to full speed after this time")
        ->type_name("TIME");
    app.add_option("--wait", options->wait, "how long to wait for it to begin; default 1s")
        ->type_name("TIME");
    app.footer(std::string(selector_help()) +
               "\n"
               "The thread's CPU time is limited to that share of elapsed time by stopping it\n"
               "again and again; time that it spends blocked does not count. `threadfault thaw`\n"
               "ends it.\n"
               "\n"
               "Examples:\n"
               "  threadfault slow 4711 name=mc-worker --first --to 10%\n"
               "  threadfault slow 4711 start=render* --all --to 50% --for 30s\n"
               "\n"
               "Exit status: 0 done, 2 usage, 3 no such process or thread, or several match,\n"
               "4 no agent, 5 not permitted, 6 not done within --wait (the output says why),\n"
               "7 the target died.\n");
    invocation.action = [options, &invocation] { return run_slow(*options, invocation); };
}

}  // namespace threadfault::cli
