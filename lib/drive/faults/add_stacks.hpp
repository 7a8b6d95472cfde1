// What is on the stacks of the threads of a listing: it costs a signal to each of them.
#ifndef THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP
#define THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP

#include "client/connection.hpp"
#include "drive/threads/thread_view.hpp"

namespace threadfault::drive {

// ThreadView::on_stack: names without parameters of the innermost functions (wire::kMaxFrames),
// looked up on the threads by the agent. A thread that does not answer has none.
void add_stacks(const observe::Process& process, client::Connection& connection, ThreadList& list);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP
