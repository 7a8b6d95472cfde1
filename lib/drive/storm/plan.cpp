#include "drive/storm/plan.hpp"

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "drive/faults/death.hpp"
#include "format/format.hpp"

#include <array>
#include <charconv>

namespace threadfault::drive {
namespace {

using wire::Fault;

constexpr std::array<std::string_view, 8> kFaultNames = {"kill", "freeze", "delay",     "spin",
                                                         "slow", "signal", "interrupt", "demote"};

class FaultParser {
public:
    FaultParser(std::string_view list, std::size_t begin, std::string_view part)
        : list_(list), column_(begin + 1), part_(part) {}

    StormFault parse() {
        const std::size_t equals = part_.find('=');
        const std::string_view name = part_.substr(0, equals);
        value_ = equals == std::string_view::npos ? "" : part_.substr(equals + 1);
        value_column_ = column_ + name.size() + 1;
        StormFault fault;
        fault.text = part_;
        if (name == "kill") {
            const auto how = parse_how(value_);
            if (!how) fail(value_column_, "kill=cancel, async-cancel, exit or vanish");
            fault.plan.fault = *how;
            // A cancellation that waits for its point must not hold the storm up. Every other fault
            // comes to its end: on a busy machine it only takes longer.
            if (*how == Fault::cancel) fault.plan.wait = std::chrono::milliseconds(250);
        } else if (name == "freeze" || name == "delay" || name == "spin") {
            fault.plan.fault = name == "freeze"  ? Fault::freeze
                               : name == "delay" ? Fault::delay
                                                 : Fault::spin;
            fault.plan.duration = time_from(0, formatted("{}=200ms", name));
        } else if (name == "slow") {
            fault.plan.fault = Fault::slow;
            slow(&fault.plan);
        } else if (name == "signal") {
            const auto number = parse_signal(std::string(value_));
            if (!number) fail(value_column_, "signal=NAME, for example signal=USR1");
            fault.plan.fault = Fault::signal;
            fault.plan.signal = *number;
        } else if (name == "interrupt") {
            if (equals != std::string_view::npos) fail(value_column_ - 1, "interrupt alone");
            fault.plan.fault = Fault::interrupt;
        } else if (name == "demote") {
            fault.plan.fault = Fault::demote;
            demote(&fault.plan);
        } else {
            unknown(name);
        }
        return fault;
    }

private:
    [[noreturn]] void fail(std::size_t column, const std::string& expected) const {
        throw Error(ExitCode::usage, "usage",
                    formatted("--faults {}: column {}: expected {}", list_, column, expected),
                    "for example --faults kill=exit,freeze=200ms,interrupt");
    }

    [[noreturn]] void unknown(std::string_view name) const {
        const std::string_view near = nearest(name, kFaultNames);
        throw Error(ExitCode::usage, "usage",
                    formatted("--faults {}: column {}: unknown fault \"{}\"", list_, column_, name),
                    near.empty() ? formatted("one of {}", joined(kFaultNames, ", "))
                                 : formatted("did you mean {}?", near));
    }

    // PERCENT[%][/TIME]; one second where no time is given.
    void slow(Plan* plan) const {
        const std::size_t slash = value_.find('/');
        std::string_view share = value_.substr(0, slash);
        if (share.ends_with('%')) share.remove_suffix(1);
        const auto [end, error] =
            std::from_chars(share.data(), share.data() + share.size(), plan->percent);
        if (error != std::errc() || end != share.data() + share.size() || plan->percent < 1 ||
            plan->percent > 99) {
            fail(value_column_, "a share from 1% to 99%, for example slow=10%/2s");
        }
        plan->duration = std::chrono::seconds(1);
        if (slash != std::string_view::npos) plan->duration = time_from(slash + 1, "2s");
    }

    // [NICE/]TIME; SCHED_IDLE where no nice value is given.
    void demote(Plan* plan) const {
        const std::size_t slash = value_.find('/');
        if (slash == std::string_view::npos) {
            plan->flags = wire::kDemoteIdle;
            plan->duration = time_from(0, "demote=200ms");
            return;
        }
        const std::string_view nice = value_.substr(0, slash);
        const auto [end, error] =
            std::from_chars(nice.data(), nice.data() + nice.size(), plan->nice);
        if (error != std::errc() || end != nice.data() + nice.size() || plan->nice < -20 ||
            plan->nice > 19) {
            fail(value_column_, "a nice value from -20 to 19, for example demote=19/200ms");
        }
        plan->flags = wire::kDemoteNice;
        plan->duration = time_from(slash + 1, "200ms");
    }

    // The rest of the value from there on.
    std::chrono::nanoseconds time_from(std::size_t begin, std::string_view example) const {
        const auto time = parse_duration(value_.substr(begin));
        if (!time || time->count() == 0) {
            fail(value_column_ + begin, formatted("a time, for example {}", example));
        }
        return *time;
    }

    std::string_view list_;
    std::size_t column_;
    std::string_view part_;
    std::string_view value_;
    std::size_t value_column_ = 0;
};

}  // namespace

std::vector<StormFault> parse_storm_faults(std::string_view list) {
    std::vector<StormFault> faults;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        faults.push_back(FaultParser(list, begin, list.substr(begin, end - begin)).parse());
        begin = end + 1;
    }
    return faults;
}

Interval parse_interval(std::string_view text) {
    Interval interval;
    const std::string whole(text);
    for (std::string_view sign : {"±", "+-"}) {
        const std::size_t at = text.find(sign);
        if (at == std::string_view::npos) continue;
        std::string_view spread = text.substr(at + sign.size());
        const bool percent = spread.ends_with('%');
        if (percent) spread.remove_suffix(1);
        unsigned value = 0;
        const auto [end, error] =
            std::from_chars(spread.data(), spread.data() + spread.size(), value);
        if (!percent || error != std::errc() || end != spread.data() + spread.size() ||
            value > 100) {
            throw Error(ExitCode::usage, "usage", formatted("--every {}: no such spread", whole),
                        "a percentage, for example 500ms±50%");
        }
        interval.spread = value / 100.0;
        text = text.substr(0, at);
        break;
    }
    interval.middle = require_duration("--every", text);
    if (interval.middle.count() == 0) {
        throw Error(ExitCode::usage, "usage", formatted("--every {}: no time at all", whole),
                    "for example 500ms");
    }
    return interval;
}

std::chrono::nanoseconds StormDice::pause(const Interval& interval) {
    // 53 bits, as a double holds them: the same fraction everywhere.
    const double fraction = static_cast<double>(generator_() >> 11) * 0x1p-53;
    const double factor = 1 + interval.spread * (2 * fraction - 1);
    return std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(interval.middle.count()) * factor));
}

std::size_t StormDice::pick(std::size_t count) {
    return static_cast<std::size_t>(generator_() % count);
}

}  // namespace threadfault::drive
