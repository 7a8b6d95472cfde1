#include "scenario/report/progress.hpp"

#include "base/clean_text.hpp"
#include "format/format.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace threadfault::scenario {
namespace {

// The most of a text that fits; a character of several bytes is kept whole or left out.
std::string cut(const std::string& text, std::size_t columns) {
    std::size_t end = 0;
    std::size_t characters = 0;
    while (end < text.size()) {
        std::size_t next = end + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0U) == 0x80)
            next++;
        if (++characters > columns) break;
        end = next;
    }
    return text.substr(0, end);
}

}  // namespace

std::string ProgressLine::line(std::size_t number, const std::string& name, std::size_t columns,
                               std::chrono::steady_clock::time_point now) {
    if (!shown_) return "";
    if (number != number_) since_ = now;
    number_ = number;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since_).count();
    // Not into the last column: some terminals wrap there.
    const std::string text =
        cut(formatted("{}/{}  {} s  {}", number, total_, seconds, base::clean_line(name)),
            columns > 0 ? columns - 1 : 0);
    if (text == last_) return "";
    last_ = text;
    return "\r\x1b[K" + text;
}

std::string ProgressLine::clear() {
    if (last_.empty()) return "";
    last_.clear();
    return "\r\x1b[K";
}

std::size_t terminal_columns() {
    const char* const kind = std::getenv("TERM");
    if (isatty(STDOUT_FILENO) == 0 || kind == nullptr || std::string_view(kind) == "dumb") return 0;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace threadfault::scenario
