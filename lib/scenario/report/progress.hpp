// On a terminal: one line, overwritten, that says which test runs.
#ifndef THREADFAULT_SCENARIO_REPORT_PROGRESS_HPP
#define THREADFAULT_SCENARIO_REPORT_PROGRESS_HPP

#include <chrono>
#include <cstddef>
#include <string>

namespace threadfault::scenario {

class ProgressLine {
public:
    // Of so many tests. `shown`: there is a terminal to show it on; otherwise all texts are empty.
    ProgressLine(std::size_t total, bool shown) : total_(total), shown_(shown) {}

    // What to print so that the line says that the test `name`, the one with that number, has been
    // running since the first time that it was named here; "": it says so already. No longer than
    // `columns`.
    std::string line(std::size_t number, const std::string& name, std::size_t columns,
                     std::chrono::steady_clock::time_point now);
    // What takes the line away again; before anything else is printed.
    std::string clear();

private:
    std::size_t total_;
    bool shown_;
    std::size_t number_ = 0;
    std::chrono::steady_clock::time_point since_{};
    std::string last_;
};

// Of the terminal behind standard output; 0: there is none, or one that can't overwrite.
std::size_t terminal_columns();

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_REPORT_PROGRESS_HPP
