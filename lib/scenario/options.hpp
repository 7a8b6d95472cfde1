// What `threadfault test` hands over to the program that does the work.
#ifndef THREADFAULT_SCENARIO_OPTIONS_HPP
#define THREADFAULT_SCENARIO_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::scenario {

struct Options {
    std::vector<std::string> files;
    std::string pattern;  // -k: a GLOB, or a part of the name; "": all
    std::size_t repeat = 1;
    std::optional<std::uint64_t> seed;
    std::size_t jobs = 1;
    std::string junit;      // a file; "": none
    std::string keep_logs;  // a directory; "": nothing is kept
    std::string shim;       // "": the one found
    bool tap = false;
    bool json = false;
    bool check = false;         // read the files only
    bool list = false;          // say what would be run
    bool exit_first = false;    // the first failure ends the run
    bool last_failed = false;   // only what failed last time
    bool verbose = false;       // tell what was done in tests that passed, too
    std::size_t durations = 0;  // so many of the slowest are named
    bool color = false;
};

std::vector<std::string> to_arguments(const Options& options);
// Throws Error{usage} for what to_arguments() does not write.
Options from_arguments(const std::vector<std::string>& arguments);

// Does -k choose the test of that name?
bool chooses(const std::string& pattern, const std::string& name);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_OPTIONS_HPP
