// What is done to a target's threads.
#include "drive/threads/selector.hpp"
#include "format/format.hpp"
#include "harness/cpu_list.hpp"
#include "harness/impl.hpp"

namespace threadfault {
namespace {

drive::Choice choice_of(const FaultOptions& options) {
    drive::Choice choice;
    switch (options.pick) {
        case Pick::one:
            choice.quantity = drive::Quantity::one;
            break;
        case Pick::all:
            choice.quantity = drive::Quantity::all;
            break;
        case Pick::first:
            choice.quantity = drive::Quantity::first;
            break;
        case Pick::random:
            choice.quantity = drive::Quantity::random;
            choice.seed = options.seed;
            break;
    }
    return choice;
}

drive::Plan plan_of(wire::Fault fault, const FaultOptions& options) {
    drive::Plan plan;
    plan.fault = fault;
    plan.wait = options.wait;
    plan.duration = options.duration;
    return plan;
}

wire::Fault fault_of(How how) {
    switch (how) {
        case How::cancel:
            return wire::Fault::cancel;
        case How::async_cancel:
            return wire::Fault::async_cancel;
        case How::exit:
            return wire::Fault::exit;
        case How::vanish:
            return wire::Fault::vanish;
    }
    return wire::Fault::cancel;
}

Outcome outcome_of(drive::Outcome outcome) {
    switch (outcome) {
        case drive::Outcome::ended:
            return Outcome::ended;
        case drive::Outcome::done:
            return Outcome::done;
        case drive::Outcome::pending:
            return Outcome::pending;
        case drive::Outcome::refused:
            return Outcome::refused;
        case drive::Outcome::target_died:
            return Outcome::target_died;
    }
    return Outcome::refused;
}

std::chrono::nanoseconds require_time(std::string_view what, std::chrono::nanoseconds time) {
    if (time.count() > 0) return time;
    throw Error(ExitCode::usage, "usage", formatted("{}: no time at all", what));
}

}  // namespace

Target::Results Target::Impl::inflict(std::string_view selector, const FaultOptions& options,
                                      const drive::Plan& plan) {
    const bool every_faulty = selector.empty() && plan.fault == wire::Fault::thaw;
    drive::Selector parsed;
    if (!every_faulty) parsed = drive::parse_selector(selector);
    const observe::Process process = open();
    const auto connection = connect(process, options.wait);
    Results results;
    try {
        const std::vector<drive::Victim> victims =
            every_faulty ? drive::choose_faulty(process, *connection)
                         : drive::choose(process, *connection, parsed, choice_of(options));
        const bool kills = plan.fault == wire::Fault::cancel ||
                           plan.fault == wire::Fault::async_cancel ||
                           plan.fault == wire::Fault::exit || plan.fault == wire::Fault::vanish;
        if (kills && last_stacks) note_stack(victims);
        for (drive::Result& result : drive::inflict(process, *connection, victims, plan)) {
            results.push_back({result.victim.tid, result.victim.name, result.victim.path,
                               outcome_of(result.outcome), result.reason, result.seconds});
        }
    } catch (const Error&) {
        if (has_ended()) throw_ended();
        throw;
    }
    for (FaultResult& result : results) {
        // How it died is known to the guardian alone.
        if (result.outcome != Outcome::target_died || !guarded) continue;
        const auto exit = wait_exit(target::deadline_after(std::chrono::seconds(1)));
        if (exit) result.reason = "the process " + exit->text();
    }
    return results;
}

Target::Results Target::kill(std::string_view selector, const FaultOptions& options) {
    drive::Plan plan = plan_of(fault_of(options.how), options);
    plan.duration = {};
    if (options.anywhere) plan.flags |= wire::kFaultAnywhere;
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::freeze(std::string_view selector, const FaultOptions& options) {
    return impl_->inflict(selector, options, plan_of(wire::Fault::freeze, options));
}

Target::Results Target::thaw(std::string_view selector, const FaultOptions& options) {
    return impl_->inflict(selector, options, plan_of(wire::Fault::thaw, options));
}

Target::Results Target::slow(std::string_view selector, unsigned percent,
                             const FaultOptions& options) {
    drive::Plan plan = plan_of(wire::Fault::slow, options);
    if (percent < 1 || percent > 99) {
        throw Error(ExitCode::usage, "usage", formatted("slow to {}%: no such share", percent),
                    "a whole percentage from 1 to 99; thaw() ends it");
    }
    plan.percent = percent;
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::delay(std::string_view selector, std::chrono::nanoseconds time,
                              const FaultOptions& options) {
    drive::Plan plan = plan_of(wire::Fault::delay, options);
    plan.duration = require_time("delay", time);
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::spin(std::string_view selector, std::chrono::nanoseconds cpu_time,
                             const FaultOptions& options) {
    drive::Plan plan = plan_of(wire::Fault::spin, options);
    plan.duration = require_time("spin", cpu_time);
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::interrupt(std::string_view selector, const FaultOptions& options) {
    return impl_->inflict(selector, options, plan_of(wire::Fault::interrupt, options));
}

Target::Results Target::demote(std::string_view selector, const Demotion& demotion,
                               const FaultOptions& options) {
    drive::Plan plan = plan_of(wire::Fault::demote, options);
    if (demotion.nice) {
        if (*demotion.nice < -20 || *demotion.nice > 19) {
            throw Error(ExitCode::usage, "usage",
                        formatted("nice {}: no such value", *demotion.nice),
                        "a number from -20 to 19; higher means less CPU time");
        }
        plan.nice = *demotion.nice;
        plan.flags |= wire::kDemoteNice;
    }
    if (demotion.idle) plan.flags |= wire::kDemoteIdle;
    if (!demotion.cpus.empty()) {
        plan.cpus = target::parse_cpu_list(demotion.cpus);
        plan.flags |= wire::kDemoteCpus;
    }
    if (plan.flags == 0) {
        throw Error(ExitCode::usage, "usage", "demote: in what way?", "set nice, idle or cpus");
    }
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::signal(std::string_view selector, int number, const FaultOptions& options,
                               std::int64_t value) {
    if (number == 32 || number == 33) {
        throw Error(ExitCode::usage, "usage",
                    formatted("signal {} belongs to glibc, which uses it for its threads", number),
                    "kill() cancels a thread");
    }
    if (number < 1 || number > 64) {
        throw Error(ExitCode::usage, "usage", formatted("there is no signal {}", number));
    }
    drive::Plan plan = plan_of(wire::Fault::signal, options);
    plan.signal = number;
    plan.value = value;
    return impl_->inflict(selector, options, plan);
}

Target::Results Target::signal(std::string_view selector, std::string_view name,
                               const FaultOptions& options, std::int64_t value) {
    const std::optional<int> number = drive::parse_signal(name);
    if (!number) {
        const std::string near = drive::nearest_signal(name);
        throw Error(ExitCode::usage, "usage", formatted("\"{}\" is no signal", name),
                    near.empty() ? "a name like USR1 or RTMIN+3, or a number from 1 to 64"
                                 : formatted("did you mean {}?", near));
    }
    return signal(selector, *number, options, value);
}

}  // namespace threadfault
