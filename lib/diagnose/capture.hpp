// Registers and stacks of threads: read from outside, or copied on the threads by the agent.
#ifndef THREADFAULT_DIAGNOSE_CAPTURE_HPP
#define THREADFAULT_DIAGNOSE_CAPTURE_HPP

#include "client/connection.hpp"
#include "diagnose/gap.hpp"
#include "diagnose/unwinder.hpp"
#include "observe/process.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace threadfault::diagnose {

// ptrace: from outside, also where nothing had to be stopped (held_seconds 0): the kernel's check
// is the same.
enum class Via : std::uint8_t { none, agent, ptrace };

struct Thread {
    pid_t tid = 0;
    pid_t inner_tid = 0;
    std::uint64_t serial = 0;
};

struct Snapshot {
    Via via = Via::none;
    Registers registers{};
    KnownRegisters known = kAllKnown;
    std::vector<unsigned char> stack;  // from rsp on
    double held_seconds = 0;           // how long the thread did not run because of this
    Gap why;                           // via none: why it could not be read; else what is missing
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
Gap why_silent(const std::optional<observe::TaskStat>& now, std::chrono::milliseconds waited);

// From outside. The stack of a thread that sleeps is read while it sleeps: nothing is stopped. A
// thread that runs stands still for some ten microseconds, and no call of its returns early because
// of that (observe::StoppedThread). Not thread-safe.
class OutsideCapture {
public:
    explicit OutsideCapture(const observe::Process& process);
    ~OutsideCapture();
    OutsideCapture(const OutsideCapture&) = delete;
    OutsideCapture& operator=(const OutsideCapture&) = delete;

    // Of a thread in an uninterruptible wait too. With `why`, frames further out may be missing.
    Snapshot take(pid_t tid);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_CAPTURE_HPP
