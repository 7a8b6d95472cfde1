// Starting a program under the shim.
#ifndef THREADFAULT_DRIVE_PROGRAMS_LAUNCH_HPP
#define THREADFAULT_DRIVE_PROGRAMS_LAUNCH_HPP

#include "threadfault/error.hpp"

#include <string>
#include <vector>

namespace threadfault::drive {

// What execve gets. The environment is ours but for LD_PRELOAD and THREADFAULT_*.
struct Launch {
    std::string file;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
};

struct LaunchOptions {
    std::vector<std::string> command;  // program and arguments
    std::string shim;
    std::string log;     // "" for none; made absolute, because the program may change directory
    std::string inject;  // THREADFAULT_INJECT: call faults from the program's start on
    bool follow = true;
};

// A program that can't be started: not_found or not_executable.
class CannotStart : public Error {
public:
    using Error::Error;
};

// Looks at the program, refuses what the shim can't be loaded into (Error{no_agent}, with the
// reason) and what can't be started at all (CannotStart).
Launch prepare_launch(const LaunchOptions& options);

// Becomes the program: same pid, descriptors, signals, directory. Returns only by throwing.
[[noreturn]] void become(const Launch& launch);

// [sanitizer runtimes:]shim[:what the user preloads]. A sanitizer's runtime insists on being first.
std::string preload_value(const std::vector<std::string>& runtimes, const std::string& shim,
                          const char* user_preload);

// The shim to use: `given` ("" for none; Error{usage} unless it is an ELF shared object), or the
// one beside this program in its build tree, or the installed one.
std::string find_shim(const std::string& given, bool points = false);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_LAUNCH_HPP
