#include "render/text.hpp"

#include "threadfault/error.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace threadfault::cli {
namespace {

constexpr std::size_t kGap = 2;

}  // namespace

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(descriptor, text.data(), text.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void print_out(std::string_view text) {
    if (write_all(STDOUT_FILENO, text)) return;
    const std::error_code cause(errno, std::generic_category());
    throw Error(ErrorCode::not_written, "can't write to standard output: " + cause.message(), "",
                cause);
}

std::string counted(std::size_t count, std::string_view one) {
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string shorten(std::string_view text, std::size_t width, bool unicode) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    return std::string(fitting(text, width - 1)) + (unicode ? "…" : "~");
}

std::string shorten_middle(std::string_view text, std::size_t width, bool unicode) {
    std::size_t columns = display_width(text);
    if (columns <= width) return std::string(text);
    if (width == 0) return {};
    const std::string_view begin = fitting(text, (width - 1) / 2);
    const std::size_t room = width - 1 - display_width(begin);
    text.remove_prefix(begin.size());
    columns -= display_width(begin);
    while (columns > room) {
        const Cluster cluster = first_cluster(text);
        text.remove_prefix(cluster.text.size());
        columns -= cluster.width;
    }
    return std::string(begin) + (unicode ? "…" : "~") + std::string(text);
}

std::size_t terminal_width(int descriptor) {
    winsize size{};
    if (isatty(descriptor) != 1 || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

void Table::add(std::vector<std::string> cells, bool emphasis) {
    rows_.push_back({std::move(cells), emphasis});
}

std::vector<std::size_t> Table::fit(std::size_t width) const {
    std::vector<std::size_t> widths;
    for (const Column& column : columns_)
        widths.push_back(display_width(column.title));
    for (const Row& row : rows_) {
        for (std::size_t i = 0; i < row.cells.size(); i++) {
            widths[i] = std::max(widths[i], display_width(row.cells[i]));
        }
    }
    if (width == 0) return widths;
    std::size_t total = kGap * (columns_.size() - 1);
    for (std::size_t w : widths)
        total += w;
    while (total > width) {
        // One column off the widest that may give.
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); i++) {
            if (columns_[i].least == 0 || widths[i] <= columns_[i].least) continue;
            if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
        }
        if (widest == columns_.size()) break;
        widths[widest]--;
        total--;
    }
    for (unsigned next = 1; total > width; ++next) {
        const auto column = std::find_if(columns_.begin(), columns_.end(),
                                         [next](const Column& one) { return one.may_go == next; });
        if (column == columns_.end()) break;
        std::size_t& gone = widths[static_cast<std::size_t>(column - columns_.begin())];
        total -= gone + kGap;
        gone = 0;
    }
    return widths;
}

void Table::print(std::string* out, const Style& style, std::size_t width) const {
    const std::vector<std::size_t> widths = fit(width);
    const auto line = [&](const auto& text_of) {
        std::string text;
        for (std::size_t i = 0; i < columns_.size(); i++) {
            if (widths[i] == 0) continue;
            if (!text.empty()) text.append(kGap, ' ');
            std::string_view cell = text_of(i);
            std::size_t columns = display_width(cell);
            std::string shortened;
            if (columns > widths[i]) {
                shortened = columns_[i].ends_matter ? shorten_middle(cell, widths[i], style.unicode)
                                                    : shorten(cell, widths[i], style.unicode);
                cell = shortened;
                columns = display_width(cell);
            }
            if (columns_[i].right) text.append(widths[i] - columns, ' ');
            text += cell;
            if (!columns_[i].right) text.append(widths[i] - columns, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return width == 0 ? text : shorten(text, width, style.unicode);
    };
    *out += style.dim(line([&](std::size_t i) { return std::string_view(columns_[i].title); }));
    *out += '\n';
    for (const Row& row : rows_) {
        const std::string text =
            line([&](std::size_t i) { return std::string_view(row.cells[i]); });
        *out += row.emphasis ? style.bold(text) : text;
        *out += '\n';
    }
}

}  // namespace threadfault::cli
