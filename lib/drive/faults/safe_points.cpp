#include "drive/faults/safe_points.hpp"

#include "base/fault.hpp"
#include "drive/faults/reason.hpp"
#include "drive/programs/ask_helper.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <sstream>

namespace threadfault::drive {
namespace {

// On a CPU, or ready for one, and in no system call.
bool computes(const observe::Process& process, const Victim& victim) {
    try {
        const auto syscall = process.syscall(victim.tid);
        return syscall && syscall->running;
    } catch (const Error&) {
        // The kernel does not show it to us.
        const auto stat = process.stat(victim.tid);
        return stat && stat->state == 'R';
    }
}

}  // namespace

std::unordered_map<pid_t, std::string> at_no_safe_point(const observe::Process& process,
                                                        const std::vector<Victim>& victims,
                                                        const Plan& plan) {
    const base::FaultInfo& kind = base::info(plan.fault());
    if (!kind.unwinds || !kind.safe_point || plan.anywhere()) return {};
    std::string question;
    for (const Victim& victim : victims) {
        if (!computes(process, victim)) continue;
        question += formatted("{} {} {}\n", victim.tid, victim.inner_tid, victim.serial);
    }
    if (question.empty()) return {};
    std::istringstream answer(ask_helper("threadfault-diagnose", {"__safe-points"},
                                         formatted("{}\n{}", process.pid(), question))
                                  .value_or(""));
    std::unordered_map<pid_t, std::string> refused;
    pid_t tid = 0;
    for (std::string why; answer >> tid && std::getline(answer >> std::ws, why);) {
        refused[tid] = formatted("{}: {}; \"anywhere\" ignores that",
                                 reason_token(wire::Reason::no_safe_point), why);
    }
    return refused;
}

}  // namespace threadfault::drive
