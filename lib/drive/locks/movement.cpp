#include "drive/locks/movement.hpp"

#include <algorithm>

namespace threadfault::drive {

Meters::Meters(const observe::Process& process, pid_t agent)
    : process_(process), agent_(agent), first_(read()) {}

std::map<pid_t, Meters::Meter> Meters::read() const {
    std::map<pid_t, Meter> meters;
    for (const observe::TaskStat& stat : process_.snapshot()) {
        if (stat.is_dead() || stat.tid == agent_) continue;
        Meter& meter = meters[stat.tid];
        meter.start_ticks = stat.start_ticks;
        meter.cpu_seconds = stat.cpu_seconds();
        if (const auto status = process_.status(stat.tid)) {
            meter.switches = status->voluntary_switches;
        }
    }
    return meters;
}

Movement Meters::until_now(double seconds) const {
    // What a housekeeping timer does: redis wakes ten times a second, a JVM twenty times.
    constexpr double kWakesPerSecond = 30;
    constexpr double kCpuShare = 0.02;
    constexpr std::uint64_t kFewWakes = 2;
    const std::map<pid_t, Meter> last = read();
    Movement movement;
    for (const auto& [tid, now] : last) {
        const auto was = first_.find(tid);
        if (was == first_.end() || was->second.start_ticks != now.start_ticks) {
            movement.moved.insert(tid);
            ++movement.created;
            continue;
        }
        const double cpu = std::max(0.0, now.cpu_seconds - was->second.cpu_seconds);
        const std::uint64_t wakes = now.switches - was->second.switches;
        movement.cpu_seconds += cpu;
        movement.wakes += wakes;
        if (wakes <= kFewWakes) movement.sleepless.insert(tid);
        if (cpu == 0 && wakes == 0) continue;
        // CPU time is counted in ticks of 10 ms: one of them says nothing in so short a time.
        const bool little = static_cast<double>(wakes) <= kWakesPerSecond * seconds + 2 &&
                            cpu <= kCpuShare * seconds + 0.011;
        (little ? movement.ticked : movement.moved).insert(tid);
    }
    for (const auto& [tid, was] : first_) {
        const auto now = last.find(tid);
        if (now == last.end() || now->second.start_ticks != was.start_ticks) ++movement.ended;
    }
    return movement;
}

}  // namespace threadfault::drive
