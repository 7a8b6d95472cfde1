#include "drive/faults/undo_right.hpp"

#include "format/format.hpp"
#include "observe/proc_file.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <climits>

namespace threadfault::drive {
namespace {

// What the kernel asks for when a priority is raised: CAP_SYS_NICE in the first user namespace
// (capable(), not ns_capable()), or an RLIMIT_NICE that covers the value (setpriority(2)).
struct Rights {
    bool may_all = false;
    long nice_limit = 0;

    bool may_have_nice(int nice) const { return may_all || 20 - nice <= nice_limit; }
};

bool in_first_user_namespace(const observe::Process& process) {
    constexpr std::string_view kFirst = "user:[4026531837]";  // PROC_USER_INIT_INO of the kernel
    char link[64];
    const ssize_t length = readlink(process.living_task_path("ns/user").c_str(), link, sizeof link);
    return length > 0 && std::string_view(link, static_cast<std::size_t>(length)) == kFirst;
}

Rights rights_of(const observe::Process& process, client::Connection& connection) {
    Rights rights;
    // Capabilities are a thread's own, and the agent's helper thread is the one that acts, or the
    // guardian.
    const pid_t guardian = connection.guardian();
    const pid_t agent =
        guardian != 0 ? guardian : connection.outer_tid(connection.hello().agent_tid);
    const auto status =
        guardian != 0 ? observe::Process(guardian).status(agent) : process.status(agent);
    const bool capable = status && (status->capabilities >> CAP_SYS_NICE & 1) != 0;
    rights.may_all = capable && in_first_user_namespace(process);
    const auto limits =
        observe::read_whole_file(AT_FDCWD, process.living_task_path("limits").c_str());
    rights.nice_limit = limits ? nice_limit(*limits) : 0;
    return rights;
}

bool may_undo(const Rights& rights, pid_t tid, const Plan& plan) {
    const int nice = getpriority(PRIO_PROCESS, static_cast<id_t>(tid));
    const int policy = sched_getscheduler(tid);
    if (policy < 0) return true;  // it has ended: the fault itself will say so
    if ((plan.flags() & wire::kDemoteNice) != 0 && plan.nice() > nice &&
        !rights.may_have_nice(nice)) {
        return false;
    }
    if ((plan.flags() & wire::kDemoteIdle) == 0) return true;
    switch (policy & ~SCHED_RESET_ON_FORK) {
        case SCHED_IDLE:
            return true;
        case SCHED_OTHER:
        case SCHED_BATCH:
            return rights.may_have_nice(nice);
        case SCHED_FIFO:
        case SCHED_RR:
            return rights.may_all;
        default:
            return false;  // sched_setscheduler(2) knows no way back to SCHED_DEADLINE
    }
}

}  // namespace

long nice_limit(std::string_view limits) {
    constexpr std::string_view kKey = "Max nice priority";
    const std::size_t key = limits.find(kKey);
    if (key == std::string_view::npos) return 0;
    limits.remove_prefix(key + kKey.size());
    const std::size_t begin = limits.find_first_not_of(' ');
    if (begin == std::string_view::npos) return 0;
    limits.remove_prefix(begin);
    if (limits.starts_with("unlimited")) return LONG_MAX;
    long limit = 0;
    std::from_chars(limits.data(), limits.data() + limits.size(), limit);
    return limit;
}

void require_undoable(const observe::Process& process, client::Connection* connection,
                      const std::vector<Victim>& victims, const Plan& plan) {
    constexpr std::uint32_t kPriorities = wire::kDemoteNice | wire::kDemoteIdle;
    if (plan.fault() != wire::Fault::demote || plan.duration().count() == 0) return;
    if (connection == nullptr) {
        throw Error(ErrorCode::no_agent,
                    formatted("process {} has no agent that would end the demotion after its time: "
                              "nothing was done",
                              process.pid()),
                    ErrorFacts{.advice = "leave the time out, and the thread stays demoted",
                               .pid = process.pid(),
                               .may_attach = true});
    }
    if ((plan.flags() & kPriorities) == 0) return;
    const Rights rights = rights_of(process, *connection);
    for (const Victim& victim : victims) {
        if (may_undo(rights, victim.tid, plan)) continue;
        throw Error(ErrorCode::not_permitted,
                    formatted("process {} may lower the priority of its thread {}, but not raise "
                              "it again: nothing was done",
                              process.pid(), victim.tid),
                    "it needs CAP_SYS_NICE, or RLIMIT_NICE (`ulimit -e 20` before it is started); "
                    "a demotion without a duration leaves the thread demoted");
    }
}

}  // namespace threadfault::drive
