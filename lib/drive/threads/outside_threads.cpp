#include "drive/threads/outside_threads.hpp"

#include "drive/programs/ask_helper.hpp"

#include <sstream>
#include <string>

namespace threadfault::drive {
std::unordered_map<pid_t, OutsideThread> parse_outside_threads(std::string_view text) {
    std::unordered_map<pid_t, OutsideThread> threads;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        pid_t tid = 0;
        OutsideThread thread;
        words >> std::dec >> tid >> std::hex >> thread.pthread >> thread.start_address >>
            thread.start_argument;
        if (words && tid > 0 && thread.pthread != 0) threads[tid] = thread;
    }
    return threads;
}

std::unordered_map<pid_t, OutsideThread> threads_from_outside(pid_t pid) {
    return parse_outside_threads(
        ask_helper("threadfault-threads", {std::to_string(pid)}).value_or(""));
}

}  // namespace threadfault::drive
