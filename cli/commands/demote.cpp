// threadfault demote: a thread gets less of the scheduler's favour.
#include "base/duration.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"

#include <charconv>
#include <CLI/CLI.hpp>
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

constexpr unsigned kMostCpus = wire::kCpuWords * 64;

Error usage(std::string message, std::string hint) {
    return Error(ExitCode::usage, "usage", message, std::move(hint));
}

template <typename Number>
bool parse(std::string_view text, Number* number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
}

// "0,2-3", as taskset(1) writes it.
std::array<std::uint64_t, wire::kCpuWords> require_cpus(const std::string& list) {
    std::array<std::uint64_t, wire::kCpuWords> mask{};
    std::string_view rest = list;
    for (bool more = true; more;) {
        const std::size_t comma = rest.find(',');
        more = comma != std::string_view::npos;
        const std::string_view part = rest.substr(0, comma);
        const std::size_t dash = part.find('-');
        unsigned first = 0;
        unsigned last = 0;
        const bool valid = parse(part.substr(0, dash), &first) &&
                           (dash == std::string_view::npos ? (last = first, true)
                                                           : parse(part.substr(dash + 1), &last));
        if (!valid || first > last || last >= kMostCpus) {
            throw usage(formatted("--cpus {}: \"{}\" is no CPU", list, part),
                        "a list like 0 or 0,2-3");
        }
        for (unsigned cpu = first; cpu <= last; cpu++)
            mask[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
        if (more) rest.remove_prefix(comma + 1);
    }
    return mask;
}

int run_demote(const DemoteOptions& options, const Invocation& invocation) {
    drive::Plan plan;
    plan.fault = wire::Fault::demote;
    std::vector<std::string> changes;
    if (!options.nice.empty()) {
        if (!parse(options.nice, &plan.nice) || plan.nice < -20 || plan.nice > 19) {
            throw usage(formatted("--nice {}: no such value", options.nice),
                        "a number from -20 to 19; higher means less CPU time");
        }
        plan.flags |= wire::kDemoteNice;
        changes.push_back(formatted("nice {}", plan.nice));
    }
    if (options.idle) {
        plan.flags |= wire::kDemoteIdle;
        changes.emplace_back("SCHED_IDLE");
    }
    if (!options.cpus.empty()) {
        plan.cpus = require_cpus(options.cpus);
        plan.flags |= wire::kDemoteCpus;
        changes.push_back("CPUs " + options.cpus);
    }
    if (plan.flags == 0) throw usage("demote: in what way?", "say --nice, --idle or --cpus");
    if (!options.duration.empty()) {
        plan.duration = drive::require_duration("--for", options.duration);
    }
    const Infliction infliction = inflict(options.thread, plan);
    std::string verb = formatted("demoted to {}", joined(changes, ", "));
    if (!options.duration.empty()) verb += formatted(" for {}", options.duration);
    return report(invocation, options.thread, infliction, "demote", "", verb);
}

}  // namespace

void setup_demote(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<DemoteOptions>();
    add_thread_options(app, options->thread);
    app.add_option("--nice", options->nice, "nice value, -20 to 19")->type_name("N");
    app.add_flag("--idle", options->idle, "SCHED_IDLE: only when nobody else wants the CPU");
    app.add_option("--cpus", options->cpus, "only these CPUs, for example 0,2-3")
        ->type_name("LIST");
    app.add_option("--for", options->duration, "back after this time")->type_name("TIME");
    app.footer(std::string(drive::selector_help()) +
               "\n"
               "What the thread had before comes back after --for, or with `threadfault thaw`. "
               "Where the\n"
               "target may not raise its priority again, --nice and --idle with --for are refused "
               "beforehand.\n"
               "\n"
               "Examples:\n"
               "  threadfault demote 4711 name=io --nice 19 --for 10s\n"
               "  threadfault demote 4711 main --idle --cpus 0\n"
               "\n"
               "Exit status: 0 done, 2 usage, 3 no such process or thread, or several match, 4 no "
               "agent,\n"
               "5 not permitted, 6 not done (the output says why), 7 the target died.\n");
    invocation.action = [options, &invocation] { return run_demote(*options, invocation); };
}

}  // namespace threadfault::cli
