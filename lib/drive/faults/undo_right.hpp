// May a target put back what a demotion changes? Asked before anything is done to it.
#ifndef THREADFAULT_DRIVE_FAULTS_UNDO_RIGHT_HPP
#define THREADFAULT_DRIVE_FAULTS_UNDO_RIGHT_HPP

#include "client/connection.hpp"
#include "drive/faults/choose.hpp"
#include "drive/faults/inflict.hpp"
#include "observe/process.hpp"

#include <string_view>
#include <vector>

namespace threadfault::drive {

// Throws Error{not_permitted} where `plan` demotes for a while and the agent, which acts with the
// target's own rights, could not undo that for one of the victims; Error{no_agent} where there is
// nobody who would. Every other plan passes.
void require_undoable(const observe::Process& process, client::Connection* connection,
                      const std::vector<Victim>& victims, const Plan& plan);

// The soft limit of RLIMIT_NICE in the text of /proc/<pid>/limits; 0 if it is missing.
long nice_limit(std::string_view limits);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_UNDO_RIGHT_HPP
