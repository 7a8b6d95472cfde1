// Regular expressions against what programs say.
#ifndef THREADFAULT_SCENARIO_MATCH_HPP
#define THREADFAULT_SCENARIO_MATCH_HPP

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::scenario {

// The first line in which `regex` (ECMAScript) is found; a last line without an end is one too.
// Of a line longer than 4 KiB only the beginning is looked at: std::regex recurses for each
// character.
std::optional<std::string> find_line(std::string_view text, const std::string& regex);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_MATCH_HPP
