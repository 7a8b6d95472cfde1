// threadfault demote: lowers a thread's priority, or restricts it to some CPUs.
#include "base/duration.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

struct DemoteOptions {
    ThreadOptions thread;
    std::string nice;
    bool idle = false;
    std::string cpus;
    std::string duration;
};

int run_demote(const DemoteOptions& options, const Invocation& invocation) {
    std::vector<std::string> changes;
    const drive::Plan plan = plan_of("--for", [&] {
        drive::PlanInput input{
            .fault = wire::Fault::demote, .idle = options.idle, .cpus = options.cpus};
        if (!options.nice.empty()) {
            input.nice = drive::parse_nice(options.nice);
            changes.push_back(formatted("nice {}", *input.nice));
        }
        if (options.idle) changes.emplace_back("SCHED_IDLE");
        if (!options.cpus.empty()) changes.push_back("CPUs " + options.cpus);
        if (!options.duration.empty()) {
            input.duration = base::require_duration("--for", options.duration);
        }
        return input;
    });
    const FaultResults done = inflict_on_chosen(options.thread, plan);
    std::string verb = formatted("demoted to {}", joined(changes, ", "));
    if (!options.duration.empty()) verb += formatted(" for {}", options.duration);
    return report(invocation, options.thread, done, "demote", "", verb);
}

}  // namespace

void setup_demote(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<DemoteOptions>();
    add_thread_options(app, options->thread);
    app.add_option("--nice", options->nice, "nice value, -20 to 19")->type_name("N");
    app.add_flag("--idle", options->idle,
                 "SCHED_IDLE: run only when no other thread wants the CPU");
    app.add_option("--cpus", options->cpus, "run only on these CPUs, for example 0,2-3")
        ->type_name("LIST");
    app.add_option("--for", options->duration, "undo it after this time")->type_name("TIME");
    app.footer(std::string(selector_help()) +
               "\n"
               "--for or `threadfault thaw` restores the previous values. If the target has no\n"
               "right to raise its priority again, --nice and --idle with --for are refused\n"
               "beforehand.\n"
               "\n"
               "The kernel alone does it: the process needs no agent, but for --for and thaw,\n"
               "which need one that remembers the previous values (see --attach).\n"
               "\n"
               "Examples:\n"
               "  threadfault demote 4711 name=io --nice 19 --for 10s\n"
               "  threadfault demote 4711 main --idle --cpus 0\n"
               "\n"
               "Exit status: 0 done, 2 usage, 3 no such process or thread, or several match,\n"
               "4 no agent that would undo it, 5 not permitted, 6 not done (the output says\n"
               "why),\n"
               "7 the target died.\n");
    invocation.action = [options, &invocation] { return run_demote(*options, invocation); };
}

}  // namespace threadfault::cli
