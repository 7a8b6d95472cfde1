// One line that tells a person in front of a terminal how far a command is.
#ifndef THREADFAULT_CLI_RENDER_PROGRESS_LINE_HPP
#define THREADFAULT_CLI_RENDER_PROGRESS_LINE_HPP

#include <chrono>
#include <cstddef>
#include <string>

namespace threadfault::cli {

// Written to the standard error, where that is a terminal that can take a line back; else nothing.
class ProgressLine {
public:
    // `quiet`: never, whatever the terminal.
    explicit ProgressLine(bool quiet);
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // "watching 4711: 1.2 s of 10s", at most five times a second. `total` 0: not known.
    void show(const std::string& what, std::chrono::nanoseconds total);
    // Before anything else is written to the terminal.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    std::size_t columns_ = 0;  // 0: says nothing
    const Clock::time_point begin_ = Clock::now();
    Clock::time_point last_{};
    bool shown_ = false;
};

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_PROGRESS_LINE_HPP
