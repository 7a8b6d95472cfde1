#include "scenario/match.hpp"

#include <algorithm>
#include <regex>

namespace threadfault::scenario {

std::optional<std::string> find_line(std::string_view text, const std::string& regex) {
    constexpr std::size_t kLongest = 4096;
    const std::regex compiled(regex);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = line.substr(0, kLongest);
        if (std::regex_search(line.begin(), line.end(), compiled)) return std::string(line);
    }
    return std::nullopt;
}

}  // namespace threadfault::scenario
