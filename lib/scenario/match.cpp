#include "scenario/match.hpp"

#include <algorithm>

namespace threadfault::scenario {

std::optional<std::string> find_line(std::string_view text, const Regex& regex) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (regex.is_in(line)) return std::string(line);
    }
    return std::nullopt;
}

}  // namespace threadfault::scenario
