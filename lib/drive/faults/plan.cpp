#include "drive/faults/plan.hpp"

#include "base/cpu_list.hpp"
#include "base/fault.hpp"
#include "base/libc_signals.hpp"
#include "base/signal_name.hpp"
#include "base/suggest.hpp"
#include "format/format.hpp"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace threadfault::drive {
namespace {

static_assert(base::kCpuWords == wire::kCpuWords);

template <typename Number>
bool parse(std::string_view text, Number* number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
}

[[noreturn]] void bad(Part part, const std::string& fact, std::string otherwise = {}) {
    throw BadValue(part, fact, {}, std::move(otherwise));
}

void check_percent(bool valid, unsigned percent, std::string_view text) {
    if (valid && percent >= kLeastPercent && percent <= kMostPercent) return;
    bad(Part::percent,
        formatted("\"{}\" is not between {}% and {}%", text, kLeastPercent, kMostPercent));
}

void check_nice(bool valid, int nice, std::string_view text) {
    if (valid && nice >= kLeastNice && nice <= kMostNice) return;
    bad(Part::nice, formatted("{} is not between {} and {}", text, kLeastNice, kMostNice),
        "higher means less CPU time");
}

void check_signal(int number) {
    if (base::belongs_to_libc(number)) {
        bad(Part::signal, "reserved by glibc", "use `kill` to cancel a thread");
    }
    if (number >= 1 && number <= SIGRTMAX) return;
    bad(Part::signal, formatted("\"{}\" is not a signal", number), "signals are 1 to 64");
}

std::int64_t checked_duration(const PlanInput& input) {
    const base::TakesTime takes = base::info(input.fault).time;
    if (!input.duration) {
        if (takes == base::TakesTime::always) bad(Part::time, "needs a duration");
        return 0;
    }
    if (takes == base::TakesTime::never) bad(Part::time, "takes no duration");
    if (input.duration->count() <= 0) {
        bad(Part::time, "duration must be greater than zero", "for example 500ms");
    }
    return input.duration->count();
}

void set_demotion(const PlanInput& input, wire::FaultRequest* request) {
    if (!input.nice && !input.idle && input.cpus.empty()) {
        bad(Part::change, "needs a nice value, idle or CPUs");
    }
    if (input.nice) {
        check_nice(true, *input.nice, std::to_string(*input.nice));
        request->nice = *input.nice;
        request->flags |= wire::kDemoteNice;
    }
    if (input.idle) request->flags |= wire::kDemoteIdle;
    if (input.cpus.empty()) return;
    base::CpuSet cpus;
    std::string_view wrong;
    if (!base::parse_cpu_list(input.cpus, &cpus, &wrong)) {
        bad(Part::cpus, formatted("\"{}\" is not a CPU", wrong), "write a list like 0 or 0,2-3");
    }
    std::copy(cpus.begin(), cpus.end(), request->cpus);
    request->flags |= wire::kDemoteCpus;
}

}  // namespace

BadValue::BadValue(Part part, const std::string& fact, std::string near, std::string otherwise)
    : Error(ErrorCode::usage, fact,
            near.empty() ? std::move(otherwise) : formatted("did you mean {}?", near)),
      part_(part),
      near_(std::move(near)) {}

wire::Fault parse_how(std::string_view text) {
    if (const base::FaultInfo* const death = base::find_death(text)) return death->fault;
    throw BadValue(Part::how, formatted("invalid value \"{}\"", text),
                   std::string(base::nearest(text, base::kDeathNames)),
                   formatted("one of {}", joined(base::kDeathNames, ", ")));
}

unsigned parse_percent(std::string_view text) {
    std::string_view number = text;
    if (number.ends_with('%')) number.remove_suffix(1);
    unsigned percent = 0;
    const bool valid = parse(number, &percent);
    check_percent(valid, percent, text);
    return percent;
}

int parse_nice(std::string_view text) {
    int nice = 0;
    const bool valid = parse(text, &nice);
    check_nice(valid, nice, text.empty() ? "\"\"" : text);
    return nice;
}

int require_signal(std::string_view text) {
    const std::optional<int> number = base::parse_signal(text);
    if (!number) {
        throw BadValue(Part::signal, formatted("\"{}\" is not a signal", text),
                       base::nearest_signal(text),
                       "write a name like USR1 or RTMIN+3, or a number from 1 to 64");
    }
    return *number;
}

Plan::Plan(const PlanInput& input) {
    request_.fault = input.fault;
    request_.wait_ns = input.wait.count();
    request_.duration_ns = checked_duration(input);
    if (input.anywhere) request_.flags |= wire::kFaultAnywhere;
    if (input.only_judge) request_.flags |= wire::kFaultJudge;
    if (input.tell_frames && base::info(input.fault).unwinds) {
        request_.flags |= wire::kFaultTellFrames;
    }
    switch (input.fault) {
        case wire::Fault::slow:
            check_percent(true, input.percent, formatted("{}%", input.percent));
            request_.percent = input.percent;
            break;
        case wire::Fault::signal:
            check_signal(input.signal);
            request_.signal = input.signal;
            request_.value = input.value;
            break;
        case wire::Fault::demote:
            set_demotion(input, &request_);
            break;
        default:
            break;
    }
}

wire::FaultRequest Plan::request_for(pid_t inner_tid, std::uint64_t serial,
                                     bool tell) const noexcept {
    wire::FaultRequest request = request_;
    request.tid = inner_tid;
    request.serial = serial;
    if (!tell) request.flags &= ~wire::kFaultTellFrames;
    return request;
}

}  // namespace threadfault::drive
