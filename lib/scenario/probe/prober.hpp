// A probe that is tried again and again in the background while faults happen.
#ifndef THREADFAULT_SCENARIO_PROBE_PROBER_HPP
#define THREADFAULT_SCENARIO_PROBE_PROBER_HPP

#include "scenario/model.hpp"
#include "scenario/probe/attempt.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace threadfault::scenario {

struct Try {
    TimePoint begin;
    TimePoint end;
    bool healthy = false;
    std::string why;
};

class Prober {
public:
    using Attempter = std::function<Attempt(TimePoint deadline, const Stop& stop)>;

    // How many tries in a row must be healthy before the target counts as healthy again: one alone
    // may have been served by a thread that nothing was done to.
    static constexpr std::size_t kStreak = 3;

    // Begins at once. `every` lies between the end of a try and the next.
    Prober(Attempter attempter, Duration every, Duration within);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    struct Judgement {
        bool healthy = false;
        Duration after{0};  // healthy: from the call to the beginning of the streak
        std::string why;    // not healthy: the latest reason
        std::size_t tries = 0;
        std::size_t failures = 0;
    };
    // Are the next kStreak tries all healthy?
    Judgement judge_now(const Stop& stop);
    // Is there a streak of kStreak healthy tries that ends within this time?
    Judgement judge_recovery(Duration within, const Stop& stop);

    std::vector<Try> history() const;
    // "43 tries, 12 failed, longest outage 1.2 s".
    std::string text() const;

private:
    void run();
    Judgement judge(std::optional<Duration> within, const Stop& stop);

    const Attempter attempter_;
    const Duration every_;
    const Duration within_;
    Stop interrupt_;  // ends the try in flight
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Try> history_;
    unsigned in_a_hurry_ = 0;  // judges that wait: tries follow each other closely
    bool ending_ = false;
    std::thread thread_;
};

// The longest time from the first failure of a series to the next healthy try (or the last try).
Duration longest_outage(const std::vector<Try>& history);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PROBE_PROBER_HPP
