// What is done to a target's threads.
#include "base/fault.hpp"
#include "base/type_names.hpp"
#include "drive/faults/plan.hpp"
#include "drive/threads/selector.hpp"
#include "format/format.hpp"
#include "harness/impl.hpp"

namespace threadfault {
namespace {

template <typename Options>
FaultOptions common_part(const Options& options) {
    return {options.pick, options.seed, options.wait};
}

drive::PlanInput input_of(wire::Fault fault, const FaultOptions& options) {
    return {.fault = fault, .wait = options.wait};
}

drive::PlanInput input_of(wire::Fault fault, const LastingOptions& options) {
    drive::PlanInput input = input_of(fault, common_part(options));
    if (options.duration.count() != 0) input.duration = options.duration;
    return input;
}

drive::Plan plan_of(const drive::PlanInput& input) {
    try {
        return drive::Plan(input);
    } catch (const drive::BadValue& error) {
        std::string what(base::info(input.fault).name);
        if (error.part() == drive::Part::signal) what += formatted(" {}", input.signal);
        throw Error(error.error_code(), formatted("{}: {}", what, error.what()), error.advice());
    }
}

}  // namespace

Target::Results Target::Impl::carry_out(std::string_view selector, const FaultOptions& options,
                                        const drive::Plan& plan) {
    const bool every_faulty = selector.empty() && plan.fault() == wire::Fault::thaw;
    drive::Selector parsed;
    if (!every_faulty) parsed = drive::parse_selector(selector);
    const observe::Process process = open();
    const auto connection = connect(process, options.wait);
    Results results;
    try {
        const std::vector<drive::Victim> victims =
            every_faulty ? drive::choose_faulty(process, *connection)
                         : drive::choose(process, *connection, parsed,
                                         {.pick = options.pick, .seed = options.seed});
        if (base::info(plan.fault()).death && last_stacks) note_stack(victims);
        for (drive::Result& result : drive::inflict(process, *connection, victims, plan)) {
            results.push_back({result.victim.tid, result.victim.name, result.victim.path,
                               result.outcome, result.reason,
                               target::from_seconds(result.seconds)});
        }
    } catch (const Error&) {
        if (has_ended()) throw_ended();
        throw;
    }
    for (FaultResult& result : results) {
        // The guardian, its parent, knows how it died, whatever the kernel tells us.
        if (!guarded || !result.reason.starts_with("process-ended")) continue;
        const auto exit = wait_exit(target::deadline_after(std::chrono::seconds(1)));
        if (!exit) continue;
        const bool in_order = base::info(plan.fault()).death && exit->code == 0;
        result.outcome = in_order ? Outcome::ended : Outcome::target_died;
        result.reason = in_order ? "process-ended: the process then ended with code 0"
                                 : "the process " + exit->text();
    }
    return results;
}

Target::Results Target::kill(std::string_view selector, const KillOptions& options) {
    drive::PlanInput input = input_of(base::fault_of(options.how), common_part(options));
    input.anywhere = options.anywhere;
    return impl_->carry_out(selector, common_part(options), plan_of(input));
}

Target::Results Target::freeze(std::string_view selector, const FreezeOptions& options) {
    return impl_->carry_out(selector, common_part(options),
                            plan_of(input_of(wire::Fault::freeze, options)));
}

Target::Results Target::thaw(std::string_view selector, const ThawOptions& options) {
    return impl_->carry_out(selector, options, plan_of(input_of(wire::Fault::thaw, options)));
}

Target::Results Target::slow(std::string_view selector, unsigned percent,
                             const SlowOptions& options) {
    drive::PlanInput input = input_of(wire::Fault::slow, options);
    input.percent = percent;
    return impl_->carry_out(selector, common_part(options), plan_of(input));
}

Target::Results Target::delay(std::string_view selector, std::chrono::nanoseconds time,
                              const DelayOptions& options) {
    drive::PlanInput input = input_of(wire::Fault::delay, options);
    input.duration = time;
    return impl_->carry_out(selector, options, plan_of(input));
}

Target::Results Target::spin(std::string_view selector, std::chrono::nanoseconds cpu_time,
                             const SpinOptions& options) {
    drive::PlanInput input = input_of(wire::Fault::spin, options);
    input.duration = cpu_time;
    return impl_->carry_out(selector, options, plan_of(input));
}

Target::Results Target::interrupt(std::string_view selector, const InterruptOptions& options) {
    return impl_->carry_out(selector, options, plan_of(input_of(wire::Fault::interrupt, options)));
}

Target::Results Target::demote(std::string_view selector, const Demotion& demotion,
                               const DemoteOptions& options) {
    drive::PlanInput input = input_of(wire::Fault::demote, options);
    input.nice = demotion.nice;
    input.idle = demotion.idle;
    input.cpus = demotion.cpus;
    return impl_->carry_out(selector, common_part(options), plan_of(input));
}

Target::Results Target::signal(std::string_view selector, int number, std::int64_t value,
                               const SignalOptions& options) {
    drive::PlanInput input = input_of(wire::Fault::signal, options);
    input.signal = number;
    input.value = value;
    return impl_->carry_out(selector, options, plan_of(input));
}

Target::Results Target::signal(std::string_view selector, std::string_view name, std::int64_t value,
                               const SignalOptions& options) {
    return signal(selector, drive::require_signal(name), value, options);
}

}  // namespace threadfault
