// Which functions each thread is in, for the selector in=FUNCTION.
#ifndef THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP
#define THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP

#include "drive/threads/thread_view.hpp"
#include "observe/process.hpp"

namespace threadfault::drive {

// From outside, by the helper that can unwind: no thread is sent a signal, and none that sleeps is
// stopped. Throws Error{not_permitted} where no stack can be read, Error{helper_missing}.
void add_stacks(const observe::Process& process, ThreadList& list);

// "": every stack is known; else how many are not, and why the first one is not.
std::string stacks_unknown(const ThreadList& list);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_ADD_STACKS_HPP
