// threadfault freeze, thaw, delay, spin, interrupt: hold a thread, release it.
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "cli11.hpp"
#include "client/connection.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/programs/attach.hpp"
#include "format/format.hpp"

#include <memory>
#include <vector>

namespace threadfault::cli {
namespace {

constexpr const char* kExitStatus =
    "\n"
    "Exit status: 0 done, 2 usage, 3 no such process or thread, or several match,\n"
    "4 no agent, 5 not permitted, 6 not done within --wait (the output says why),\n"
    "7 the target died.\n";

struct HoldOptions {
    ThreadOptions thread;
    std::string duration;
    std::string wait = "1s";
};

void add_wait(CLI::App& app, HoldOptions& options) {
    app.add_option("--wait", options.wait, "how long to wait for it to begin; default 1s")
        ->type_name("TIME");
}

drive::Plan plan_for(const HoldOptions& options, wire::Fault fault, std::string_view time) {
    return plan_of(time, [&] {
        drive::PlanInput input{.fault = fault,
                               .wait = base::require_duration("--wait", options.wait)};
        if (!options.duration.empty()) {
            input.duration = base::require_duration(time, options.duration);
        }
        return input;
    });
}

std::string for_how_long(const HoldOptions& options, std::string_view verb,
                         std::string_view otherwise) {
    if (options.duration.empty()) return formatted("{}{}", verb, otherwise);
    return formatted("{} for {}", verb, options.duration);
}

// "freeze, slow, delay, spin and demote"
std::string what_thaw_undoes() {
    std::vector<std::string_view> names;
    for (const base::FaultInfo& fault : base::kFaults) {
        if (fault.undone) names.push_back(fault.name);
    }
    const std::string_view last = names.back();
    names.pop_back();
    return formatted("{} and {}", joined(names, ", "), last);
}

std::string footer(const char* text) {
    return std::string(selector_help()) + "\n" + text + kExitStatus;
}

int run_freeze(const HoldOptions& options, const Invocation& invocation) {
    const FaultResults done =
        inflict_on_chosen(options.thread, plan_for(options, wire::Fault::freeze, "--for"));
    return report(invocation, options.thread, done, "freeze", "",
                  for_how_long(options, "frozen", " until thawed"));
}

int run_thaw(HoldOptions& options, const Invocation& invocation) {
    const drive::Plan plan = plan_for(options, wire::Fault::thaw, "--for");
    // What a guardian that was killed has left held is let go by a new one.
    client::Connection::set_attach_if_absent([](const observe::Process& process) {
        if (!drive::has_been_attached(process)) return false;
        drive::attach(process, {.time = {}, .until_idle = true});
        return true;
    });
    const auto thaw = [&] {
        return options.thread.thread.empty() ? inflict_on_faulty(options.thread, plan)
                                             : inflict_on_chosen(options.thread, plan);
    };
    FaultResults done;
    try {
        done = thaw();
    } catch (const Error& error) {
        // One that is killed just now is still connected to, and does not answer any more.
        const bool gone = error.error_code() == ErrorCode::no_agent && error.facts().pid != 0 &&
                          drive::has_been_attached(open_process(options.thread.pid));
        if (!gone) throw;
        done = thaw();
    }
    return report(invocation, options.thread, done, "thaw", "", "released");
}

int run_delay(const HoldOptions& options, const Invocation& invocation) {
    const FaultResults done =
        inflict_on_chosen(options.thread, plan_for(options, wire::Fault::delay, "TIME"));
    return report(invocation, options.thread, done, "delay", "",
                  formatted("delayed by {}", options.duration));
}

int run_spin(const HoldOptions& options, const Invocation& invocation) {
    const FaultResults done =
        inflict_on_chosen(options.thread, plan_for(options, wire::Fault::spin, "TIME"));
    return report(invocation, options.thread, done, "spin", "",
                  formatted("burning {} of CPU time", options.duration));
}

int run_interrupt(const HoldOptions& options, const Invocation& invocation) {
    const FaultResults done =
        inflict_on_chosen(options.thread, plan_for(options, wire::Fault::interrupt, ""));
    return report(invocation, options.thread, done, "interrupt", "", "interrupted");
}

}  // namespace

void setup_freeze(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<HoldOptions>();
    add_thread_options(app, options->thread);
    app.add_option("--for", options->duration, "thaw after this time")->type_name("TIME");
    add_wait(app, *options);
    app.footer(
        footer("The thread stops wherever it is: in its own code, in a lock wait, in a system\n"
               "call. With --for it thaws after that time, even if this command has ended;\n"
               "without it, `threadfault thaw` releases it.\n"
               "\n"
               "Examples:\n"
               "  threadfault freeze 4711 name=mc-worker --first --for 2s\n"
               "  threadfault freeze 4711 path=main/3; threadfault thaw 4711 path=main/3\n"));
    invocation.action = [options, &invocation] { return run_freeze(*options, invocation); };
}

void setup_thaw(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<HoldOptions>();
    add_thread_options(app, options->thread);
    app.get_option("THREAD")->required(false);
    add_wait(app, *options);
    const std::string text = formatted(
        "Undoes the faults in force on the thread: {}.\n"
        "`thaw PID --all` does it for every thread of the process.\n"
        "\n"
        "Examples:\n"
        "  threadfault thaw 4711 name=mc-worker --all\n"
        "  threadfault thaw 4711 --all\n",
        what_thaw_undoes());
    app.footer(footer(text.c_str()));
    invocation.action = [options, &invocation] { return run_thaw(*options, invocation); };
}

void setup_delay(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<HoldOptions>();
    add_thread_options(app, options->thread);
    app.add_option("TIME", options->duration, "how long")->required()->type_name("");
    add_wait(app, *options);
    app.footer(
        footer("The thread is held once, for that time, then goes on.\n"
               "\n"
               "Examples:\n"
               "  threadfault delay 4711 4713 250ms\n"
               "  threadfault delay 4711 waiting=cond --all 1s\n"));
    invocation.action = [options, &invocation] { return run_delay(*options, invocation); };
}

void setup_spin(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<HoldOptions>();
    add_thread_options(app, options->thread);
    app.add_option("TIME", options->duration, "how much CPU time")->required()->type_name("");
    add_wait(app, *options);
    app.footer(
        footer("The thread burns that much CPU time in a loop, then goes on: livelock,\n"
               "starvation.\n"
               "\n"
               "Examples:\n"
               "  threadfault spin 4711 name=worker* --random 2s\n"));
    invocation.action = [options, &invocation] { return run_spin(*options, invocation); };
}

void setup_interrupt(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<HoldOptions>();
    add_thread_options(app, options->thread);
    add_wait(app, *options);
    app.footer(
        footer("Sends a signal with an empty handler and without SA_RESTART, so that a blocking\n"
               "call returns EINTR.\n"
               "\n"
               "Examples:\n"
               "  threadfault interrupt 4711 name=reader --first\n"));
    invocation.action = [options, &invocation] { return run_interrupt(*options, invocation); };
}

}  // namespace threadfault::cli
