// Can the shim work: on this machine, in that program, in that process? And if not, why not?
#ifndef THREADFAULT_DRIVE_PROGRAMS_DOCTOR_HPP
#define THREADFAULT_DRIVE_PROGRAMS_DOCTOR_HPP

#include "threadfault/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

struct Check {
    std::string name;  // a few words: "kernel", "agent"
    bool ok = false;
    std::string detail;               // what was found
    std::string hint;                 // what to do; "" where there is nothing to do
    std::optional<Error> error = {};  // what the check ended with; the hint is made of it
};

// What the names of the checks begin with that tell what attaching would meet.
inline constexpr std::string_view kAttachChecks = "attach: ";

// `shim` as given by --shim, or "".
std::vector<Check> examine_machine(const std::string& shim);
std::vector<Check> examine_program(const std::string& program, const std::string& shim);
// Throws Error{no_such_process}.
std::vector<Check> examine_process(pid_t pid);

bool all_ok(const std::vector<Check>& checks) noexcept;

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_DOCTOR_HPP
