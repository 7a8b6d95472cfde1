#include "drive/storm/plan.hpp"

#include "base/duration.hpp"
#include "base/fault.hpp"
#include "base/suggest.hpp"
#include "format/format.hpp"

#include <charconv>

namespace threadfault::drive {
namespace {

std::vector<std::string_view> verbs_of_storms() {
    std::vector<std::string_view> names;
    for (const base::VerbInfo& verb : base::kVerbs) {
        if (verb.in_storms) names.push_back(verb.name);
    }
    return names;
}

class FaultParser {
public:
    FaultParser(std::string_view list, std::size_t begin, std::string_view part)
        : list_(list), column_(begin + 1), part_(part) {}

    StormFault parse() {
        const std::size_t equals = part_.find('=');
        const std::string_view name = part_.substr(0, equals);
        value_ = equals == std::string_view::npos ? "" : part_.substr(equals + 1);
        value_column_ = column_ + name.size() + 1;
        const base::Verb verb = base::find_verb(name);
        if (!base::info(verb).in_storms || verb == base::Verb::none) unknown(name);
        PlanInput input{.fault = base::fault_of(verb)};
        switch (verb) {
            case base::Verb::kill:
                kill(&input);
                break;
            case base::Verb::slow:
                slow(&input);
                break;
            case base::Verb::signal:
                signal(&input);
                break;
            case base::Verb::demote:
                demote(&input);
                break;
            default:
                if (base::info(input.fault).time != base::TakesTime::never) {
                    input.duration = time_from(0, formatted("{}=200ms", name));
                } else if (equals != std::string_view::npos) {
                    fail(value_column_ - 1, formatted("{} without a value", name));
                }
        }
        return {std::string(part_), Plan(input)};
    }

private:
    [[noreturn]] void fail(std::size_t column, const std::string& expected) const {
        throw Error(ErrorCode::usage,
                    formatted("faults {}: column {}: expected {}", list_, column, expected),
                    "for example kill=exit,freeze=200ms,interrupt");
    }

    [[noreturn]] void unknown(std::string_view name) const {
        const std::vector<std::string_view> names = verbs_of_storms();
        const std::string_view near = base::nearest(name, names);
        throw Error(ErrorCode::usage,
                    formatted("faults {}: column {}: unknown fault \"{}\"", list_, column_, name),
                    near.empty() ? formatted("one of {}", joined(names, ", "))
                                 : formatted("did you mean {}?", near));
    }

    void kill(PlanInput* input) const {
        const base::FaultInfo* const death = base::find_death(value_);
        if (death == nullptr)
            fail(value_column_, formatted("kill={}", base::kDeathsInWords.c_str()));
        input->fault = death->fault;
        // A cancellation that waits for its point must not delay the storm. Every other fault
        // completes, though more slowly on a busy machine.
        if (death->at_point) input->wait = std::chrono::milliseconds(250);
    }

    void signal(PlanInput* input) const {
        try {
            input->signal = require_signal(value_);
            const Plan checked(*input);
        } catch (const BadValue& error) {
            throw Error(ErrorCode::usage,
                        formatted("faults {}: column {}: signal={}: {}", list_, value_column_,
                                  value_, error.what()),
                        error.advice());
        }
    }

    // PERCENT[%][/TIME]; one second where no time is given.
    void slow(PlanInput* input) const {
        const std::size_t slash = value_.find('/');
        try {
            input->percent = parse_percent(value_.substr(0, slash));
        } catch (const BadValue&) {
            fail(value_column_, formatted("a percentage from {}% to {}%, for example slow=10%/2s",
                                          kLeastPercent, kMostPercent));
        }
        input->duration = std::chrono::seconds(1);
        if (slash != std::string_view::npos) input->duration = time_from(slash + 1, "2s");
    }

    // [NICE/]TIME; SCHED_IDLE where no nice value is given.
    void demote(PlanInput* input) const {
        const std::size_t slash = value_.find('/');
        if (slash == std::string_view::npos) {
            input->idle = true;
            input->duration = time_from(0, "demote=200ms");
            return;
        }
        try {
            input->nice = parse_nice(value_.substr(0, slash));
        } catch (const BadValue&) {
            fail(value_column_, formatted("a nice value from {} to {}, for example demote=19/200ms",
                                          kLeastNice, kMostNice));
        }
        input->duration = time_from(slash + 1, "200ms");
    }

    // The rest of the value, from `begin` on.
    std::chrono::nanoseconds time_from(std::size_t begin, std::string_view example) const {
        const auto time = base::parse_duration(value_.substr(begin));
        if (!time || time->count() == 0) {
            fail(value_column_ + begin, formatted("a duration, for example {}", example));
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
            throw Error(ErrorCode::usage, formatted("every {}: invalid spread", whole),
                        "a percentage, for example 500ms±50%");
        }
        interval.spread = value / 100.0;
        text = text.substr(0, at);
        break;
    }
    interval.middle = base::require_duration("every", text);
    if (interval.middle.count() == 0) {
        throw Error(ErrorCode::usage,
                    formatted("every {}: duration must be greater than zero", whole),
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
