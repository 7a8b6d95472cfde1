// Another program as a filter: input given, output collected, with an end to the patience.
#ifndef THREADFAULT_DRIVE_PROGRAMS_RUN_PROGRAM_HPP
#define THREADFAULT_DRIVE_PROGRAMS_RUN_PROGRAM_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

struct Ran {
    bool started = false;    // false: no such program, or no means to start it
    bool succeeded = false;  // it ended by itself, in time, with exit code 0
    std::string output;      // what it wrote on its standard output; its errors go nowhere
};

// `program` is a path, or a name to be looked for in PATH. It is killed when it has not ended after
// `patience`. Thread-safe.
Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                std::string_view input, std::chrono::milliseconds patience);

// The output of one of our own programs (find_helper). std::nullopt where it is missing or fails:
// for what is an extra to the answer.
std::optional<std::string> ask_helper(std::string_view name,
                                      const std::vector<std::string>& arguments,
                                      std::string_view input = {});

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_RUN_PROGRAM_HPP
