#include "harness/lines.hpp"

#include <algorithm>

namespace threadfault::target {
LineSearch::LineSearch(const std::string& regex, std::size_t position)
    : regex_(regex), position_(position) {}

std::optional<std::string> LineSearch::next(std::string_view text, bool over, std::size_t lost) {
    position_ = std::max(position_, lost);
    while (position_ - lost < text.size()) {
        const std::size_t begin = position_ - lost;
        const std::size_t newline = text.find('\n', begin);
        if (newline == std::string_view::npos && !over) break;
        const std::size_t end = std::min(newline, text.size());
        std::string_view line = text.substr(begin, end - begin);
        position_ = lost + std::min(end + 1, text.size());
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (regex_.is_in(line)) return std::string(line);
    }
    return std::nullopt;
}

}  // namespace threadfault::target
