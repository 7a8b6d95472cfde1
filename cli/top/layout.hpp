// The picture as the view wants it, on a grid of cells.
#ifndef THREADFAULT_CLI_TOP_LAYOUT_HPP
#define THREADFAULT_CLI_TOP_LAYOUT_HPP

#include "top/grid.hpp"
#include "top/picture.hpp"
#include "top/view.hpp"

namespace threadfault::cli::top {

// Brings the view's cursor and scrolling in line with what there is room for.
Grid lay_out(const Picture& picture, View& view, Size size);

// Rows that all of it takes, without keys and prompts: for a picture that is printed.
std::size_t rows_of(const Picture& picture, const View& view);

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_LAYOUT_HPP
