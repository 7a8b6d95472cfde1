// Why a process has no agent that answers, in words that tell what to do.
#ifndef THREADFAULT_CLIENT_ABSENCE_HPP
#define THREADFAULT_CLIENT_ABSENCE_HPP

#include "observe/maps.hpp"
#include "observe/process.hpp"
#include "threadfault/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::client {

enum class Absence {
    not_permitted,  // we may not look into that process
    kernel_thread,
    single_threaded,   // the shim is loaded; no thread was created yet
    no_signal,         // the shim is loaded, and found no real-time signal for itself
    sandboxed,         // the shim is loaded, but stays silent under the program's seccomp filter
    few_files,         // the shim is loaded, and the process may open too few files for an agent
    agent_failed,      // the shim is loaded and there are threads, but no agent listens
    static_program,    // ld.so never ran
    secure_execution,  // set-user-ID and the like: ld.so dropped LD_PRELOAD
    other_libc,        // musl and the like
    other_word_size,   // a 32-bit program
    not_started_under_shim,
};

struct AbsenceReport {
    Absence absence{};
    std::string text;  // "process 4711 was not started under threadfault"
    std::string hint;  // "": the error's code says what to do
    pid_t pid = 0;
};

// Looks at the process's mappings, auxiliary vector and threads. Never throws for what it finds;
// Error{no_such_process} when the process ends meanwhile.
AbsenceReport explain_absence(const observe::Process& process);

// The report as the error that a command ends with: exit code 4, or 5 for not_permitted.
Error to_error(const AbsenceReport& report);

// Is the shim mapped into the process? Throws Error{not_permitted}.
bool shim_is_loaded(const observe::Process& process);

// Does the address lie in one of our libraries?
bool is_in_shim(const observe::Maps& maps, std::uint64_t address) noexcept;

// AT_SECURE of the process's auxiliary vector (getauxval(3)); false where it can't be read.
bool is_secure_execution(const observe::Process& process);

// By its file; nothing where that can't be read.
std::optional<bool> is_32_bit(const observe::Process& process);

// "user 33": no getpwnam(3), which a static program can't use.
std::string owner_text(const observe::Process& process);

inline constexpr std::string_view kShimName = "libthreadfault_p";  // ..reload.so, ..oints.so

}  // namespace threadfault::client

#endif  // THREADFAULT_CLIENT_ABSENCE_HPP
