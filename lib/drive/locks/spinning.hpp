// Threads that burn CPU and get nowhere: they spin in a loop that nothing comes out of.
#ifndef THREADFAULT_DRIVE_LOCKS_SPINNING_HPP
#define THREADFAULT_DRIVE_LOCKS_SPINNING_HPP

#include "observe/process.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

struct SpinPlace {
    std::string function;  // "lock()", "code without a name"
    std::string line;      // "cache.cpp:7"; "" unknown
};

struct Spinning {
    std::map<pid_t, SpinPlace> spinners;
    std::vector<pid_t> unknown;  // could not be judged
    std::string why;             // the first of those could not
    std::string_view why_code;   // the same for programs: "too_many_threads"
};

// Samples those threads while they run, for some tenths of a second (up to three seconds where they
// get little CPU time); none of them notices. Those in neither list get on.
Spinning find_spinners(const observe::Process& process, const std::vector<pid_t>& suspects);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_SPINNING_HPP
