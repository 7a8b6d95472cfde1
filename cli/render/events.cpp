#include "render/events.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "drive/faults/event_fault.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>

namespace threadfault::cli {
namespace {

// What newer agents may tell has no name here.
template <typename Kind>
std::string_view name_of(Kind kind) {
    const std::string_view name = to_string(kind);
    return name.empty() ? "unknown" : name;
}

std::string_view event_name(EventKind kind) {
    return kind == wire::kFollowing ? "following" : name_of(kind);
}

std::string_view end_name(const wire::EventReply& event) {
    return name_of(static_cast<EndKind>(event.how));
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

double now_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return base::rounded(std::chrono::duration<double>(now).count(), base::kMicros);
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
    if (event.kind == EventKind::ended) what += formatted(", {}", end_name(event));
    if (event.kind == EventKind::fault) {
        const drive::EventFault told = drive::event_fault(event);
        what = formatted("fault: {}, {}", base::info(told.fault).name, to_string(told.outcome));
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
    if (event.kind == EventKind::ended) json["how"] = end_name(event);
    if (event.kind == EventKind::fault) {
        const drive::EventFault told = drive::event_fault(event);
        // "fault" and "how" as in the results of the commands: a death is a kill.
        const base::FaultInfo& info = base::info(told.fault);
        json["fault"] = info.death ? std::string_view("kill") : info.name;
        json["how"] = info.name;
        json["outcome"] = to_string(told.outcome);
    }
    return out + line(json);
}

std::string text_target_ended(const Style& style) {
    return style.dim("the process ended") + "\n";
}

std::string json_target_ended(pid_t pid) {
    return line({{"time", now_seconds()}, {"event", "target-ended"}, {"pid", pid}});
}

}  // namespace threadfault::cli
