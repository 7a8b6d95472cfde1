// What stands in the way of attaching to a process, and what attaching will not be able to do
// there: found out from outside, before anything is touched.
#ifndef THREADFAULT_DRIVE_PROGRAMS_ATTACH_FINDINGS_HPP
#define THREADFAULT_DRIVE_PROGRAMS_ATTACH_FINDINGS_HPP

#include "observe/maps.hpp"
#include "observe/memory.hpp"
#include "observe/process.hpp"
#include "threadfault/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

struct AttachFinding {
    std::string name;                        // "rights", "tracer", "seccomp", ...
    std::string detail;                      // what was found
    std::string advice;                      // what to do; may be empty
    std::optional<ErrorCode> obstacle = {};  // what attaching ends with; nothing: it can go on
};

// In the order in which attaching looks; it ends with the first that is an obstacle. Throws
// Error{no_such_process}.
std::vector<AttachFinding> attach_findings(const observe::Process& process);

// Throws the first obstacle as an Error: "can't attach to process 4711: …". Returns whether the
// process has put a seccomp filter on itself, beyond those that hold for us, too.
bool require_attachable(const observe::Process& process);

// What pthread_exit and pthread_cancel need there.
struct Unwinding {
    std::uint64_t pthread_exit = 0;
    std::uint32_t cancel_word = 0;      // where struct pthread has its cancellation state
    std::uint32_t descriptor_size = 0;  // of struct pthread
    std::string why_not;                // "": exit, cancel and async-cancel are possible
};
// `filtered`: as require_attachable() says.
Unwinding find_unwinding(const observe::Process& process, const observe::Memory& memory,
                         bool filtered);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_ATTACH_FINDINGS_HPP
