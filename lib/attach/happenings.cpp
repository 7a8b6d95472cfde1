#include "attach/happenings.hpp"

#include <ctime>

namespace threadfault::attach {

wire::EventReply make_event(wire::EventKind kind, pid_t tid, const std::string& name) {
    wire::EventReply event;
    event.header = wire::make_header(wire::EventReply::kType, sizeof event, 0);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    event.time_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    event.kind = kind;
    event.tid = tid;
    name.copy(event.name, sizeof event.name - 1);
    return event;
}

void Happenings::forget() {
    looked_ = false;
    known_.clear();
    ends_.clear();
}

std::vector<wire::EventReply> Happenings::look() {
    std::vector<wire::EventReply> events;
    std::map<ThreadKey, std::string> now;
    for (const observe::TaskStat& stat : process_.snapshot()) {
        const ThreadKey key{stat.tid, stat.start_ticks};
        const auto known = known_.find(key);
        if (looked_ && known == known_.end()) {
            events.push_back(make_event(wire::EventKind::created, stat.tid, stat.name));
        } else if (looked_ && known->second != stat.name) {
            events.push_back(make_event(wire::EventKind::named, stat.tid, stat.name));
        }
        now[key] = stat.name;
    }
    for (const auto& [key, name] : known_) {
        if (now.contains(key)) continue;
        wire::EventReply event = make_event(wire::EventKind::ended, key.tid, name);
        const auto end = ends_.find(key.tid);
        event.how =
            static_cast<std::uint32_t>(end != ends_.end() ? end->second : wire::EndKind::unknown);
        if (end != ends_.end()) ends_.erase(end);
        events.push_back(event);
    }
    known_ = std::move(now);
    looked_ = true;
    return events;
}

}  // namespace threadfault::attach
