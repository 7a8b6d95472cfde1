// Before a death that unwinds: victims that are in code of their own which can't be unwound. Only
// the program that reads exception tables can tell, so it is asked, and of running threads alone:
// one that waits in the kernel is in a call.
#ifndef THREADFAULT_CLI_COMMANDS_SAFE_POINTS_HPP
#define THREADFAULT_CLI_COMMANDS_SAFE_POINTS_HPP

#include "drive/faults/inflict.hpp"
#include "observe/process.hpp"

#include <vector>

namespace threadfault::cli {

// A result "refused" for each of those; none where that program is not installed.
std::vector<drive::Result> at_no_safe_point(const observe::Process& process,
                                            const std::vector<drive::Victim>& victims);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_SAFE_POINTS_HPP
