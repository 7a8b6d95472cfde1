// Registers and stacks of threads: copied on the threads by the agent, or from outside by ptrace.
#ifndef THREADFAULT_DIAGNOSE_CAPTURE_HPP
#define THREADFAULT_DIAGNOSE_CAPTURE_HPP

#include "client/connection.hpp"
#include "diagnose/unwinder.hpp"
#include "observe/process.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace threadfault::diagnose {

inline constexpr char kHasEnded[] = "it has ended";  // Snapshot::why

enum class Via : std::uint8_t { none, agent, ptrace };

struct Thread {
    pid_t tid = 0;
    pid_t inner_tid = 0;
    std::uint64_t serial = 0;
};

struct Snapshot {
    Via via = Via::none;
    Registers registers{};
    std::vector<unsigned char> stack;  // from rsp on
    double held_seconds = 0;           // how long the thread did not run because of this
    std::string why;                   // via none: why it could not be read
};

// Is given every thread's number and snapshot, once, in any order. The snapshot is used again for
// the next one: of a thousand stacks none is kept for longer than it takes to walk it.
using TakeSnapshot = std::function<void(std::size_t thread, const Snapshot& snapshot)>;

// Via none for those that did not answer (deaf, gone). A thread is in its handler for microseconds;
// many are asked before the first answer is waited for.
void capture_by_agent(const observe::Process& process, client::Connection& connection,
                      std::span<const Thread> threads, const TakeSnapshot& take);

// Why a thread that neither blocks the signal nor has a tracer has not come to a stop for so long,
// as far as its state afterwards tells.
std::string why_silent(const std::optional<observe::TaskStat>& now,
                       std::chrono::milliseconds waited);

// PTRACE_SEIZE, PTRACE_INTERRUPT, registers, a copy of the stack, PTRACE_DETACH. The thread stands
// still in between (some 50 microseconds), and calls that signal(7) names under "Interruption of
// system calls by stop signals" may return EINTR. Fails for a thread that has a tracer already.
Snapshot capture_by_ptrace(const observe::Process& process, pid_t tid);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_CAPTURE_HPP
