// What a storm of random faults may do, and when: parsed from the command line, drawn from a seed.
#ifndef THREADFAULT_DRIVE_STORM_PLAN_HPP
#define THREADFAULT_DRIVE_STORM_PLAN_HPP

#include "drive/faults/plan.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

// "freeze=200ms", "kill=exit", "slow=10%", "interrupt", "signal=USR1", "demote=19/200ms".
struct StormFault {
    std::string text;
    Plan plan;
};

// Throws Error{usage} that names the column and what was expected.
std::vector<StormFault> parse_storm_faults(std::string_view list);

// "500ms", "500ms±50%", "500ms+-50%".
struct Interval {
    std::chrono::nanoseconds middle{};
    double spread = 0;  // 0 to 1, of the middle
};
Interval parse_interval(std::string_view text);

// Draws the same sequence for the same seed, on every machine: three numbers a step, whatever the
// target looks like.
class StormDice {
public:
    explicit StormDice(std::uint64_t seed) : generator_(seed) {}

    std::chrono::nanoseconds pause(const Interval& interval);
    // 0 to count - 1.
    std::size_t pick(std::size_t count);

private:
    std::mt19937_64 generator_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_STORM_PLAN_HPP
