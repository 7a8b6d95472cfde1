// A running process as a target: a guardian of ours is started for it, and ended.
#ifndef THREADFAULT_DRIVE_PROGRAMS_ATTACH_HPP
#define THREADFAULT_DRIVE_PROGRAMS_ATTACH_HPP

#include "observe/process.hpp"

#include <chrono>
#include <optional>

namespace threadfault::drive {

struct AttachOptions {
    std::optional<std::chrono::nanoseconds> time;  // then the process is let go
    bool until_idle = false;  // or when its last client is gone and no fault is in force
    // Or when its last client is gone, whatever is in force. Connection::leave() waits for it.
    bool until_deserted = false;
};

// Comes back when the guardian serves. Throws its Error.
void attach(const observe::Process& process, const AttachOptions& options);

// Comes back when nothing of ours is left in the process. Throws Error{no_agent} when it is not
// attached to, Error{agent_silent} when a thread could not be let go within the time: it goes on.
void detach(const observe::Process& process, std::chrono::nanoseconds wait);

// Has a guardian left something there, alive or not? False, too, where we may not look.
bool has_been_attached(const observe::Process& process);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_ATTACH_HPP
