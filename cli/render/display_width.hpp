// Columns that text takes on a terminal: most characters one, those of East Asia and emoji two,
// marks that sit on another character none.
#ifndef THREADFAULT_CLI_RENDER_DISPLAY_WIDTH_HPP
#define THREADFAULT_CLI_RENDER_DISPLAY_WIDTH_HPP

#include <cstddef>
#include <string_view>

namespace threadfault::cli {

std::size_t width_of(char32_t character) noexcept;
std::size_t display_width(std::string_view text) noexcept;

// What is drawn as one: a character and the marks that sit on it.
struct Cluster {
    std::string_view text;
    std::size_t width = 0;
};
// The first one of a text that is not empty. Bytes that are no UTF-8 count as one column each.
Cluster first_cluster(std::string_view text) noexcept;

// As much of the beginning as fits into `width` columns.
std::string_view fitting(std::string_view text, std::size_t width) noexcept;

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_DISPLAY_WIDTH_HPP
