// Text for people: cells, tables, and one write at the end.
#ifndef THREADFAULT_CLI_RENDER_TEXT_HPP
#define THREADFAULT_CLI_RENDER_TEXT_HPP

#include "render/display_width.hpp"
#include "render/style.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli {

// Writes all of `text`; false when the reader is gone.
bool write_all(int descriptor, std::string_view text);

// To the standard output. Throws Error{not_written}.
void print_out(std::string_view text);

// "1 thread", "2 threads".
std::string counted(std::size_t count, std::string_view one);

// At most `width` columns, with "…" (or "~") at the end where something was cut off.
std::string shorten(std::string_view text, std::size_t width, bool unicode);

// The same, with what is left out in the middle: the ends of long names tell them apart.
std::string shorten_middle(std::string_view text, std::size_t width, bool unicode);

// Columns of the terminal behind `descriptor`, or 0 when it is none.
std::size_t terminal_width(int descriptor);

class Table {
public:
    struct Column {
        std::string title;
        bool right = false;        // numbers
        std::size_t least = 0;     // not made narrower than this to fit; 0: never made narrower
        bool ends_matter = false;  // what is left out is left out in the middle
        unsigned may_go = 0;       // left out as a whole where all is too narrow, 1 first; 0: never
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    // As many cells as columns. `emphasis`: the row is bold.
    void add(std::vector<std::string> cells, bool emphasis = false);
    // Appends the table to `out`. `width` 0: as wide as it needs to be.
    void print(std::string* out, const Style& style, std::size_t width) const;

private:
    struct Row {
        std::vector<std::string> cells;
        bool emphasis;
    };
    // 0: the column is left out.
    std::vector<std::size_t> fit(std::size_t width) const;

    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_TEXT_HPP
