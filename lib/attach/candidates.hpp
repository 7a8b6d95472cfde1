// Which thread is to make a system call for us: one that notices least.
#ifndef THREADFAULT_ATTACH_CANDIDATES_HPP
#define THREADFAULT_ATTACH_CANDIDATES_HPP

#include "observe/process.hpp"

#include <vector>

namespace threadfault::attach {

// The best first; those that must not be asked are left out: in a write of which a part may be
// done, in vfork, uninterruptible, stopped, dead.
std::vector<pid_t> candidates(const observe::Process& process);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_CANDIDATES_HPP
