#include "render/progress_line.hpp"

#include "base/duration.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace threadfault::cli {

ProgressLine::ProgressLine(bool quiet) {
    const char* const kind = std::getenv("TERM");
    if (!quiet && kind != nullptr && std::string_view(kind) != "dumb")
        columns_ = terminal_width(STDERR_FILENO);
}

void ProgressLine::show(const std::string& what, std::chrono::nanoseconds total) {
    constexpr std::chrono::milliseconds kBetween{200};
    const Clock::time_point now = Clock::now();
    if (columns_ == 0 || now - last_ < kBetween) return;
    last_ = now;
    const auto text_of = [](std::chrono::nanoseconds time) {
        return base::short_duration(std::chrono::duration<double>(time).count());
    };
    std::string text = formatted("{}: {}", what, text_of(now - begin_));
    if (total.count() > 0) text += formatted(" of {}", text_of(total));
    shown_ = true;
    write_all(STDERR_FILENO, "\r\x1b[K" + shorten(text, columns_ - 1, false));
}

void ProgressLine::clear() {
    if (!shown_) return;
    shown_ = false;
    write_all(STDERR_FILENO, "\r\x1b[K");
}

}  // namespace threadfault::cli
