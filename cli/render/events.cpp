#include "render/events.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "drive/faults/inflict.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <time.h>

#include <algorithm>

namespace threadfault::cli {
namespace {

std::string_view event_name(wire::EventKind kind) {
    switch (kind) {
        case wire::EventKind::following:
            return "following";
        case wire::EventKind::created:
            return "created";
        case wire::EventKind::named:
            return "named";
        case wire::EventKind::ended:
            return "ended";
        case wire::EventKind::fault:
            return "fault";
    }
    return "unknown";
}

std::string_view end_name(std::uint32_t how) {
    switch (static_cast<wire::EndKind>(how)) {
        case wire::EndKind::returned:
            return "returned";
        case wire::EndKind::exited:
            return "exited";
        case wire::EndKind::cancelled:
            return "cancelled";
        case wire::EndKind::vanished:
            return "vanished";
        default:
            return "unknown";
    }
}

wire::Fault fault_of(const wire::EventReply& event) {
    return static_cast<wire::Fault>(event.how & ((1U << wire::kOutcomeShift) - 1));
}

std::string_view outcome_of(const wire::EventReply& event) {
    switch (static_cast<wire::Outcome>(event.how >> wire::kOutcomeShift)) {
        case wire::Outcome::ended:
            return "ended";
        case wire::Outcome::pending:
            return "pending";
        default:
            return "done";
    }
}

std::string path_of(const wire::EventReply& event) {
    wire::ThreadRecord record;
    record.depth = event.depth;
    std::copy(std::begin(event.path), std::end(event.path), record.path);
    return drive::path_text(record);
}

double seconds_of(const wire::EventReply& event) {
    return base::rounded(static_cast<double>(event.time_ns) * 1e-9, base::kMicros);
}

std::string clock_of(const wire::EventReply& event) {
    const time_t seconds = event.time_ns / 1'000'000'000;
    tm local{};
    localtime_r(&seconds, &local);
    return formatted("{:02}:{:02}:{:02}.{:06}", local.tm_hour, local.tm_min, local.tm_sec,
                     event.time_ns / 1000 % 1'000'000);
}

}  // namespace

std::string text_event(const wire::EventReply& event, pid_t tid, const Style& style) {
    std::string out;
    if (event.lost > 0) {
        out +=
            style.yellow(formatted("{} events were lost: they came too fast", event.lost)) + "\n";
    }
    std::string what(event_name(event.kind));
    if (event.kind == wire::EventKind::ended) what += formatted(", {}", end_name(event.how));
    if (event.kind == wire::EventKind::fault) {
        what = formatted("fault: {}, {}", base::info(fault_of(event)).name, outcome_of(event));
    }
    out += formatted("{}  {:>7}  {:<15}  {:<10}  {}\n", style.dim(clock_of(event)), tid,
                     base::clean_line(event.name), path_of(event), what);
    return out;
}

std::string json_event(const wire::EventReply& event, pid_t tid) {
    std::string out;
    if (event.lost > 0) {
        out += line({{"time", seconds_of(event)}, {"event", "lost"}, {"count", event.lost}});
    }
    Json json = {{"time", seconds_of(event)}, {"event", event_name(event.kind)}, {"tid", tid},
                 {"name", event.name},        {"path", path_of(event)},          {"how", nullptr}};
    if (event.kind == wire::EventKind::ended) json["how"] = end_name(event.how);
    if (event.kind == wire::EventKind::fault) {
        json["how"] = base::info(fault_of(event)).name;
        json["outcome"] = outcome_of(event);
    }
    return out + line(json);
}

}  // namespace threadfault::cli
