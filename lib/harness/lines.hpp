// Looking for a line in output that still grows.
#ifndef THREADFAULT_HARNESS_LINES_HPP
#define THREADFAULT_HARNESS_LINES_HPP

#include "regex/regex.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace threadfault::target {

class LineSearch {
public:
    // Throws Error{usage} for an invalid regular expression.
    LineSearch(const std::string& regex, std::size_t position);

    // The next whole line in which the expression is found. `over`: there will be no more, and
    // what stands behind the last newline is a line too. `text` is the same as before, or longer;
    // `lost`: bytes that stood before it and are not kept.
    std::optional<std::string> next(std::string_view text, bool over, std::size_t lost = 0);

    // Behind the lines that were looked at.
    std::size_t position() const noexcept { return position_; }

private:
    Regex regex_;
    std::size_t position_;
};

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_LINES_HPP
