// Scenario files (docs/scenarios.md), read and checked as a whole before anything is started.
//
// Errors are Error{usage}: "bad_scenario" with "FILE:LINE:COL: what is wrong" as the message, or
// "no_such_file".
#ifndef THREADFAULT_SCENARIO_PARSE_HPP
#define THREADFAULT_SCENARIO_PARSE_HPP

#include "scenario/model.hpp"

#include <string>
#include <string_view>

namespace threadfault::scenario {

Scenario parse_file(const std::string& path);

// `file` is how messages name it; relative paths in it are seen from its directory.
Scenario parse_text(const std::string& file, std::string_view text);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PARSE_HPP
