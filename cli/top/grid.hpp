// A terminal's screen as rows of cells, without a terminal.
#ifndef THREADFAULT_CLI_TOP_GRID_HPP
#define THREADFAULT_CLI_TOP_GRID_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli::top {

// What a piece of text means; the screen has a colour for it, or what a terminal without colours
// can do.
enum class Look : std::uint8_t { plain, dim, strong, heading, selected, good, warning, bad };

struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
};

struct Cell {
    std::string text = " ";  // one character with its marks; "" behind one that takes two columns
    Look look = Look::plain;
};

class Grid {
public:
    explicit Grid(Size size) : size_(size), cells_(size.rows * size.columns) {}

    Size size() const noexcept { return size_; }
    const Cell& at(std::size_t row, std::size_t column) const {
        return cells_[row * size_.columns + column];
    }

    // As much of the text as fits into `width` columns and into the row. Returns the column behind
    // it. What lies outside of the grid is left out.
    std::size_t put(std::size_t row, std::size_t column, std::string_view text, Look look,
                    std::size_t width = ~std::size_t{0});
    // The whole row, whatever its text.
    void paint(std::size_t row, Look look);

    // Without the blanks at the end.
    std::string line(std::size_t row) const;
    // All lines, each with its end.
    std::string text() const;

private:
    Size size_;
    std::vector<Cell> cells_;
};

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_GRID_HPP
