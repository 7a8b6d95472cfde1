// All chosen tests of all files, one after the other or several at once.
#ifndef THREADFAULT_SCENARIO_RUN_CAMPAIGN_HPP
#define THREADFAULT_SCENARIO_RUN_CAMPAIGN_HPP

#include "scenario/model.hpp"
#include "scenario/options.hpp"
#include "scenario/result.hpp"
#include "scenario/stop.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace threadfault::scenario {

// One run of one test.
struct Item {
    const Scenario* scenario = nullptr;
    const TestSpec* test = nullptr;
    std::size_t repetition = 1;
};

// In the order of the files; all tests once, then all again. Error{usage} when -k chooses none.
std::vector<Item> plan(const std::vector<Scenario>& scenarios, const Options& options);

// Launches, runs and ends; logs are kept where options say so.
TestResult run_item(const Item& item, const Options& options, std::uint64_t seed, const Stop& stop);

// Who hears how it goes, all on the thread that called run_all.
struct Listener {
    // The results in the order of the plan, as soon as that order allows.
    std::function<void(const TestResult&)> ended;
    // Many times a second: which item, counted from 0, is the next to end in that order.
    std::function<void(std::size_t)> waiting;
};

// A test that does not leave off soon after `stop` is left behind: its target ends with this
// process.
std::vector<TestResult> run_all(const std::vector<Item>& items, const Options& options,
                                std::uint64_t seed, const Stop& stop, const Listener& listener);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_RUN_CAMPAIGN_HPP
