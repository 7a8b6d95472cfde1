// threadfault kill: end one chosen thread.
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/forecast.hpp"
#include "commands/last_looks.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

struct KillOptions {
    ThreadOptions thread;
    std::string how{base::info(base::fault_of(base::Verb::kill)).name};
    std::string wait = "1s";
    bool anywhere = false;
    bool dry_run = false;
};

constexpr const char* kKillExamples =
    "Examples:\n"
    "  threadfault kill 4711 4713                     the thread with that ID\n"
    "  threadfault kill 4711 name=mc-worker --first --how vanish\n"
    "  threadfault kill 4711 path=main/3/1 --how exit --wait 5s\n"
    "  threadfault kill 4711 'name=worker*,waiting=mutex' --all --json\n"
    "  threadfault kill 4711 name=worker-1 --how exit --dry-run\n"
    "\n"
    "A target that then ends by itself, with code 0, is one that ended; the output\n"
    "says so.\n"
    "\n"
    "Exit status: 0 ended, 2 usage, 3 no such process or thread, or several match,\n"
    "4 no agent, 5 not permitted, 6 not ended within --wait (the output says why),\n"
    "7 the target died.\n";

std::string ways_to_end() {
    std::string text = "How the thread ends (--how):\n";
    for (const wire::Fault death : base::kDeaths)
        text += formatted("  {:<12}  {}\n", base::info(death).name, base::info(death).about);
    return text + "\n";
}

int run_kill(const KillOptions& options, const Invocation& invocation) {
    const drive::Plan plan = plan_of("", [&] {
        return drive::PlanInput{.fault = drive::parse_how(options.how),
                                .wait = base::require_duration("--wait", options.wait),
                                .anywhere = options.anywhere,
                                .tell_frames = !options.dry_run,
                                .only_judge = options.dry_run};
    });
    if (options.dry_run) return run_forecast(options.thread, plan, invocation);
    LastLooks looks;
    // What unwinds can abort, and afterwards there is nothing to look at.
    const base::FaultInfo& kind = base::info(plan.fault());
    const auto begin = [&](const observe::Process& process) { looks.begin(process); };
    const auto before = [&](const observe::Process& process,
                            const std::vector<drive::Victim>& victims) {
        looks.take(process, victims);
    };
    FaultResults done = kind.unwinds ? inflict_on_chosen(options.thread, plan, before, begin)
                                     : inflict_on_chosen(options.thread, plan);
    looks.explain(done.results);
    return report(invocation, options.thread, done, "kill", options.how, "ended by " + options.how);
}

}  // namespace

void setup_kill(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<KillOptions>();
    add_thread_options(app, options->thread);
    app.add_option("--how", options->how,
                   formatted("{}; default {}", base::kDeathsInWords.c_str(), options->how))
        ->type_name("HOW");
    app.add_option("--wait", options->wait, "how long to wait for its end; default 1s")
        ->type_name("TIME");
    app.add_flag("--anywhere", options->anywhere, "do not wait for a safe point");
    app.add_flag("--dry-run", options->dry_run,
                 "only forecast the effect, from the thread's stack and locks; needs no agent");
    app.footer(std::string(selector_help()) + "\n" + ways_to_end() + kKillExamples);
    invocation.action = [options, &invocation] { return run_kill(*options, invocation); };
}

}  // namespace threadfault::cli
