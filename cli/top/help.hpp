// Texts of `top` that fill the page.
#ifndef THREADFAULT_CLI_TOP_HELP_HPP
#define THREADFAULT_CLI_TOP_HELP_HPP

#include "top/grid.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli::top {

struct PanelLine {
    std::string text;
    Look look = Look::plain;
};

// What the keys do, in 80 columns and 14 rows.
std::vector<PanelLine> help_lines();

// The text in lines of at most so many columns, broken between words.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_HELP_HPP
