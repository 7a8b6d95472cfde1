// Results as text: for people, for CI servers, for programs. Nothing here writes anything.
#ifndef THREADFAULT_SCENARIO_REPORT_REPORT_HPP
#define THREADFAULT_SCENARIO_REPORT_REPORT_HPP

#include "scenario/result.hpp"

#include <string>
#include <vector>

namespace threadfault::scenario {

// One test: a line, and for a failure everything that explains it.
// `verbose`: what was done, of a test that passed, too.
std::string human_result(const TestResult& result, bool color, bool verbose = false);
// The slowest `count` of them; "" for none.
std::string human_durations(const std::vector<TestResult>& results, std::size_t count);
std::string human_summary(const Summary& summary, bool color);

// Test Anything Protocol, version 14: a header with the plan, then a point for each test.
std::string tap_header(std::size_t planned);
std::string tap_point(const TestResult& result, std::size_t number);
// Of a run that the user ended.
std::string tap_bail_out();

// For the xUnit readers of Jenkins, GitLab and others: a suite for each file.
std::string junit_report(const std::vector<TestResult>& results, const Summary& summary);

// One object, one line.
std::string json_report(const std::vector<TestResult>& results, const Summary& summary);

// The same facts in every report, a line each: what a failure is explained with.
std::vector<std::string> explanation(const Failure& failure);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_REPORT_REPORT_HPP
