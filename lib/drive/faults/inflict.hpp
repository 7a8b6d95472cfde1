// Doing a fault to chosen threads and learning what became of it.
#ifndef THREADFAULT_DRIVE_FAULTS_INFLICT_HPP
#define THREADFAULT_DRIVE_FAULTS_INFLICT_HPP

#include "client/connection.hpp"
#include "drive/faults/choose.hpp"
#include "drive/faults/plan.hpp"
#include "drive/grounds/grounds.hpp"
#include "threadfault/error.hpp"
#include "threadfault/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

// Victims at once of which wire::kFaultTellFrames is asked: of a crowd nobody can say whose end a
// process died of.
inline constexpr std::size_t kMostToTell = 8;

struct Result {
    Victim victim;
    Outcome outcome{};
    std::string reason;              // "" or a token, with ": text" behind it
    double seconds = 0;              // from the request to what is reported here
    std::optional<int> killed_by{};  // target_died: the signal that the process died of, if one did
    // With wire::kFaultTellFrames in the plan: where it was just before, as instruction pointers,
    // innermost first.
    std::vector<std::uint64_t> frames{};
    // What is known of the process's death besides; in sentence_afterwards()'s words.
    std::vector<Ground> grounds{};
    wire::Reason why{};  // what `reason` begins with, where the agent or our own look gave it
};

// One result a victim, in the same order. "ended" only after our own look at /proc; the process's
// death is a result, not an exception. Throws Error for a victim that has ended by itself when it
// is the only one, for a demotion for a while that the target could not undo, and for an agent that
// is gone or does not know the fault.
//
// `connection` nullptr: no agent, for what the kernel does (is_done_by_kernel()); a demotion for a
// while is refused then (Error{no_agent}), and what the kernel forbids is Error{not_permitted}.
std::vector<Result> inflict(const observe::Process& process, client::Connection* connection,
                            const std::vector<Victim>& victims, const Plan& plan);
inline std::vector<Result> inflict(const observe::Process& process, client::Connection& connection,
                                   const std::vector<Victim>& victims, const Plan& plan) {
    return inflict(process, &connection, victims, plan);
}

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_INFLICT_HPP
