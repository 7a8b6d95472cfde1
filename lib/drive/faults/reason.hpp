// Why a fault did not take effect, in a stable token and a sentence.
#ifndef THREADFAULT_DRIVE_FAULTS_REASON_HPP
#define THREADFAULT_DRIVE_FAULTS_REASON_HPP

#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <string>
#include <string_view>

namespace threadfault::observe {
class Symbols;
}

namespace threadfault::drive {

// "cancel-disabled", "no-cancellation-point", ...; "" for none.
std::string_view reason_token(wire::Reason reason) noexcept;

// The token, then ": " and what it means here, with the function that the thread is in.
std::string reason_text(const wire::FaultReply& reply, wire::Fault fault, const std::string& where);

// "in pthread_mutex_lock called from worker_loop", "in worker_loop", or "" when nothing is known.
// Frames are innermost first. The caller is the first frame outside libc, ld.so and the shim that
// has a name; the libc function is the outermost one below it.
std::string describe_frames(const std::uint64_t* frames, std::size_t count,
                            observe::Symbols& symbols);

// Where the thread is according to the agent's frames or, without them, to /proc.
std::string where_is(const observe::Process& process, pid_t tid, const wire::FaultReply& reply);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_REASON_HPP
