// Regular expressions against what programs say.
#ifndef THREADFAULT_SCENARIO_MATCH_HPP
#define THREADFAULT_SCENARIO_MATCH_HPP

#include "regex/regex.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::scenario {

// The first line in which `regex` is found; a last line without an end is one too.
std::optional<std::string> find_line(std::string_view text, const Regex& regex);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_MATCH_HPP
