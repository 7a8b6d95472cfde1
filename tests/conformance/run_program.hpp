// Runs one program to its end, with or without the shim, and keeps what it showed.
#ifndef THREADFAULT_CONFORMANCE_RUN_PROGRAM_HPP
#define THREADFAULT_CONFORMANCE_RUN_PROGRAM_HPP

#include <string>
#include <vector>

struct Shown {
    std::string output;
    std::string errors;
    int wait_status = -1;
    bool timed_out = false;
};

// `preload`: the value of LD_PRELOAD, "" for none. The environment is otherwise a fixed, small one.
// The program gets 60 s, then its process group is killed.
Shown run_program(const std::vector<std::string>& command, const std::string& preload);

#endif  // THREADFAULT_CONFORMANCE_RUN_PROGRAM_HPP
