#include "scenario/probe/prober.hpp"

#include "base/duration.hpp"
#include "format/format.hpp"

#include <algorithm>

namespace threadfault::scenario {
namespace {

constexpr Duration kHurry = std::chrono::milliseconds(10);
// A waiting judge checks periodically whether the user asked to stop.
constexpr Duration kGlance = std::chrono::milliseconds(50);

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

Attempt try_command(const CommandProbe& probe, const CommandOptions& options, TimePoint deadline,
                    const Stop& stop) {
    const CommandResult result = run_command(probe.command, options, deadline, stop);
    if (result.end == CommandResult::End::exited && result.code == 0) return {true, ""};
    return {false, formatted("{} {}", probe.command.front(), result.text())};
}

Prober::Prober(Attempter attempter, Duration every, Duration within)
    : attempter_(std::move(attempter)),
      every_(every),
      within_(within),
      thread_([this] { run(); }) {}

Prober::~Prober() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        interrupt_.request();
    }
    changed_.notify_all();
    thread_.join();
}

void Prober::run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        interrupt_.withdraw();
        lock.unlock();
        Try one;
        one.begin = Clock::now();
        const Attempt attempt = attempter_(one.begin + within_, interrupt_);
        one.end = Clock::now();
        one.healthy = attempt.healthy;
        one.why = attempt.why;
        lock.lock();
        // An aborted attempt says nothing about the target.
        if (!interrupt_.requested() || one.healthy) history_.push_back(one);
        changed_.notify_all();
        const unsigned hurry = in_a_hurry_;
        const Duration pause = hurry > 0 ? std::min(every_, kHurry) : every_;
        changed_.wait_until(lock, one.end + pause, [&] { return ending_ || in_a_hurry_ > hurry; });
    }
}

Prober::Judgement Prober::judge(std::optional<Duration> within, const Stop& stop) {
    const TimePoint begin = Clock::now();
    std::unique_lock lock(mutex_);
    in_a_hurry_++;
    // An attempt that began earlier may depend on a state that the target has left.
    interrupt_.request();
    changed_.notify_all();
    Judgement judgement;
    std::size_t next = history_.size();
    std::size_t streak = 0;
    bool decided = false;
    while (!decided) {
        for (; next < history_.size() && !decided; ++next) {
            const Try& one = history_[next];
            if (one.begin < begin || (within && one.end > begin + *within)) continue;
            judgement.tries++;
            judgement.failures += one.healthy ? 0 : 1;
            if (one.healthy && streak++ == 0) judgement.after = one.begin - begin;
            if (!one.healthy) {
                streak = 0;
                judgement.why = one.why;
            }
            judgement.healthy = streak == kStreak;
            decided = judgement.healthy || (!within && !one.healthy);
        }
        if (decided || stop.requested()) break;
        if (within && Clock::now() >= begin + *within) break;
        changed_.wait_for(lock, kGlance);
    }
    in_a_hurry_--;
    if (!judgement.healthy && judgement.why.empty()) judgement.why = "no try ended in time";
    return judgement;
}

Prober::Judgement Prober::judge_now(const Stop& stop) {
    return judge(std::nullopt, stop);
}

Prober::Judgement Prober::judge_recovery(Duration within, const Stop& stop) {
    return judge(within, stop);
}

std::vector<Try> Prober::history() const {
    const std::lock_guard lock(mutex_);
    return history_;
}

std::string Prober::text() const {
    const std::vector<Try> tries = history();
    const auto failed =
        std::count_if(tries.begin(), tries.end(), [](const Try& one) { return !one.healthy; });
    std::string text = formatted("{} tries, {} failed", tries.size(), failed);
    if (failed > 0) {
        text +=
            formatted(", longest outage {}", base::short_duration(seconds(longest_outage(tries))));
    }
    return text;
}

Duration longest_outage(const std::vector<Try>& history) {
    Duration longest{0};
    bool out = false;
    TimePoint since;
    for (const Try& one : history) {
        if (!one.healthy && !out) since = one.begin;
        out = out || !one.healthy;
        if (!out) continue;
        longest = std::max<Duration>(longest, (one.healthy ? one.begin : one.end) - since);
        if (one.healthy) out = false;
    }
    return longest;
}

}  // namespace threadfault::scenario
