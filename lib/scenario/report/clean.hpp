// Text of a target is no business of a terminal's or an XML parser's.
#ifndef THREADFAULT_SCENARIO_REPORT_CLEAN_HPP
#define THREADFAULT_SCENARIO_REPORT_CLEAN_HPP

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::scenario {

// Valid UTF-8 without control characters but for newlines and tabs; the rest becomes "?".
std::string clean(std::string_view text);

// Without the last one's end. Nothing for "".
std::vector<std::string> lines_of(std::string_view text);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_REPORT_CLEAN_HPP
