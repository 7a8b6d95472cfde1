// What a system call that a thread sleeps in makes of a short stop by ptrace(2).
#ifndef THREADFAULT_OBSERVE_STOP_EFFECTS_HPP
#define THREADFAULT_OBSERVE_STOP_EFFECTS_HPP

#include "observe/process.hpp"

namespace threadfault::observe {

enum class StopEffect : unsigned char {
    none,         // it goes on for as long as it would have; EINTR is turned into a restart
    starts_anew,  // so does it, but its time limit counts from the start again
    shows,        // it returns early, or may have done a part of its work
    unknown,      // no call that is known here
};

StopEffect stop_effect(const TaskSyscall& call);

// Can a call that a stop has made return EINTR be entered a second time? Not where its first round
// may have had an effect.
bool may_rewind(long number);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_STOP_EFFECTS_HPP
