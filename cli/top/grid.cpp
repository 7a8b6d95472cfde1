#include "top/grid.hpp"

#include "render/display_width.hpp"

namespace threadfault::cli::top {

std::size_t Grid::put(std::size_t row, std::size_t column, std::string_view text, Look look,
                      std::size_t width) {
    if (row >= size_.rows) return column;
    std::size_t left = column < size_.columns ? std::min(width, size_.columns - column) : 0;
    while (!text.empty()) {
        const Cluster cluster = first_cluster(text);
        text.remove_prefix(cluster.text.size());
        // A mark without anything to sit on.
        if (cluster.width == 0) continue;
        if (cluster.width > left) break;
        Cell* const cell = &cells_[row * size_.columns + column];
        *cell = {std::string(cluster.text), look};
        if (cluster.width == 2) cell[1] = {"", look};
        column += cluster.width;
        left -= cluster.width;
    }
    return column;
}

void Grid::paint(std::size_t row, Look look) {
    if (row >= size_.rows) return;
    for (std::size_t column = 0; column < size_.columns; ++column)
        cells_[row * size_.columns + column].look = look;
}

std::string Grid::line(std::size_t row) const {
    std::string text;
    for (std::size_t column = 0; column < size_.columns; ++column)
        text += at(row, column).text;
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string Grid::text() const {
    std::string text;
    for (std::size_t row = 0; row < size_.rows; ++row)
        text += line(row) + '\n';
    return text;
}

}  // namespace threadfault::cli::top
