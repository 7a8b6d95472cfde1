#include "top/help.hpp"

#include "render/display_width.hpp"

#include <algorithm>

namespace threadfault::cli::top {
namespace {

constexpr std::string_view kHelp[] = {
    "  f  freeze the thread under the cursor   t  thaw it: undo its faults",
    "  k  kill it: how, what it would do, y    s  slow it to a share of the time",
    "  g  send it a signal                     u  undo the faults of all threads",
    "",
    "  Up, Down, PageUp, PageDown, Home, End   move the cursor",
    "  <  >  sort by another column            r  the other way round",
    "  /  show only some threads: a word of the name, or a selector as `kill` takes",
    "     it (state=R, waiting=mutex, holding=cache_lock); nothing shows all",
    "  T  as a tree: who created whom          L  who waits for whom",
    "  ?  this help                            q  quit",
    "",
    "  S: R runs, S sleeps, D waits for the kernel, T is stopped. Red waits for the",
    "  dead, yellow has a fault in force, green runs. Any key leaves this help.",
};

}  // namespace

std::vector<PanelLine> help_lines() {
    std::vector<PanelLine> lines;
    for (const std::string_view line : kHelp)
        lines.push_back({std::string(line), Look::plain});
    return lines;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines(1);
    const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(indent);
    lines.back().assign(indent, ' ');
    bool first = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t needed = display_width(word) + (first ? 0 : 1);
        if (!first && display_width(lines.back()) + needed > columns) {
            lines.emplace_back(indent + 2, ' ');
            first = true;
        }
        if (!first) lines.back() += ' ';
        lines.back() += word;
        first = false;
    }
    return lines;
}

}  // namespace threadfault::cli::top
