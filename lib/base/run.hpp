// Another program, run to its end: input given, output collected, with a deadline.
#ifndef THREADFAULT_BASE_RUN_HPP
#define THREADFAULT_BASE_RUN_HPP

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::base {

struct RunOptions {
    std::string_view input = {};
    enum class Errors { discarded, apart, with_output };
    Errors errors = Errors::discarded;
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    int stop = -1;  // a descriptor: when it is readable, that is the end
    std::size_t most_output = std::size_t{64} << 20;  // of each stream; of more, the end is kept
    const std::vector<std::string>* environment = nullptr;  // nullptr: ours
    std::string directory = {};                             // "": ours
    // In a process group and with signals of its own; what it leaves in its group ends with it.
    bool own_group = false;
};

struct RunResult {
    enum class End { exited, signalled, timed_out, stopped, not_started };
    End end = End::not_started;
    int code = 0;  // exited: its code; signalled: the signal; not_started: errno
    std::string output;
    std::string errors;      // Errors::apart
    bool truncated = false;  // of one of the two the beginning is lost

    bool succeeded() const noexcept { return end == End::exited && code == 0; }
};

// `arguments` begin with the program, a path or a name to be looked for in PATH. Over at its end,
// at the deadline or when told to stop; in the latter two cases it is killed. Thread-safe.
RunResult run(const std::vector<std::string>& arguments, const RunOptions& options);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_RUN_HPP
