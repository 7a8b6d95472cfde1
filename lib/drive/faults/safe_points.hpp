// Before a death that unwinds: victims that are in code of their own which can't be unwound. Only
// the program that reads exception tables can tell, so it is asked, and of running threads alone:
// one that waits in the kernel is in a call.
#ifndef THREADFAULT_DRIVE_FAULTS_SAFE_POINTS_HPP
#define THREADFAULT_DRIVE_FAULTS_SAFE_POINTS_HPP

#include "drive/faults/choose.hpp"
#include "drive/faults/plan.hpp"
#include "observe/process.hpp"

#include <sys/types.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace threadfault::drive {

// Of each such victim the reason for refusing it, by thread id. None for a fault that needs no safe
// point, and where that program is not installed.
std::unordered_map<pid_t, std::string> at_no_safe_point(const observe::Process& process,
                                                        const std::vector<Victim>& victims,
                                                        const Plan& plan);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_SAFE_POINTS_HPP
