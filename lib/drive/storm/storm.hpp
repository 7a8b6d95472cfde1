// Random faults on a live target, one after the other; the same ones again from a journal.
#ifndef THREADFAULT_DRIVE_STORM_STORM_HPP
#define THREADFAULT_DRIVE_STORM_STORM_HPP

#include "drive/storm/plan.hpp"
#include "observe/process.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

// One fault of a storm: what was to be done, to whom, and what became of it.
struct StormStep {
    std::size_t number = 0;         // from 1
    std::chrono::nanoseconds at{};  // since the storm's beginning
    std::string fault;              // as in --faults
    std::string path;               // the victim's thread path
    std::string name;
    pid_t tid = 0;
    // Where no path is known (a process that is attached to): how many threads of that name were
    // there before it.
    std::optional<std::size_t> of_name = {};
    std::string outcome;  // Outcome as text, or "no-such-thread"
    std::string reason;
};

struct StormOptions {
    std::string selector;  // "": every thread but main
    std::vector<StormFault> faults;
    Interval every;
    std::chrono::nanoseconds duration{};
    std::uint64_t seed = 0;
};

struct StormEnd {
    std::size_t steps = 0;
    std::size_t undone = 0;                   // threads that were let go at the end
    std::optional<std::string> target_died;   // how
    std::optional<std::string> target_ended;  // in order, with code 0
    std::optional<int> wait_status;           // of either, as wait(2) gives it, where it is known
    bool stopped = false;  // the process was stopped then: what is in force is left to itself
};

// `told` hears of each step; `stopped` is asked again and again: true ends the storm early. What
// can be undone is undone at the end, whatever the end was.
using StepListener = std::function<void(const StormStep&)>;
StormEnd run_storm(const observe::Process& process, const StormOptions& options,
                   const StepListener& told, const std::function<bool()>& stopped);

// The same faults on the same threads (by their paths, or their names and births), in the same
// order and at the same times.
StormEnd replay_storm(const observe::Process& process, const std::vector<StormStep>& steps,
                      const StepListener& told, const std::function<bool()>& stopped);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_STORM_STORM_HPP
