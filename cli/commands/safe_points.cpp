#include "commands/safe_points.hpp"

#include "drive/faults/reason.hpp"
#include "drive/programs/ask_helper.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <sstream>

namespace threadfault::cli {
namespace {

// On a CPU, or ready for one, and in no system call.
bool computes(const observe::Process& process, const drive::Victim& victim) {
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

std::vector<drive::Result> at_no_safe_point(const observe::Process& process,
                                            const std::vector<drive::Victim>& victims) {
    std::string question;
    for (const drive::Victim& victim : victims) {
        if (!computes(process, victim)) continue;
        question += formatted("{} {} {}\n", victim.tid, victim.inner_tid, victim.serial);
    }
    if (question.empty()) return {};
    std::istringstream answer(drive::ask_helper("threadfault-diagnose", {"__safe-points"},
                                                formatted("{}\n{}", process.pid(), question))
                                  .value_or(""));
    std::vector<drive::Result> refused;
    pid_t tid = 0;
    for (std::string why; answer >> tid && std::getline(answer >> std::ws, why);) {
        const auto victim = std::find_if(victims.begin(), victims.end(),
                                         [&](const drive::Victim& one) { return one.tid == tid; });
        if (victim == victims.end()) continue;
        drive::Result& result = refused.emplace_back();
        result.victim = *victim;
        result.outcome = Outcome::refused;
        result.reason = formatted("{}: {}; use --anywhere to end it anyway",
                                  drive::reason_token(wire::Reason::no_safe_point), why);
    }
    return refused;
}

}  // namespace threadfault::cli
