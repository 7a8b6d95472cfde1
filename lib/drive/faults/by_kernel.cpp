#include "drive/faults/by_kernel.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace threadfault::drive {
namespace {

using wire::Reason;

Reason reason_of_errno(int error) {
    switch (error) {
        case EAGAIN:
            return Reason::queue_full;
        case EPERM:
        case EACCES:
            return Reason::not_permitted;
        default:
            return Reason::not_supported;
    }
}

long set_cpus(pid_t tid, const std::uint64_t (&cpus)[wire::kCpuWords]) {
    return syscall(SYS_sched_setaffinity, tid, sizeof cpus, cpus);
}

}  // namespace

Reason queue_signal(pid_t pid, pid_t tid, int signal, std::int64_t value) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    std::memcpy(&info.si_value, &value, sizeof info.si_value);
    return syscall(SYS_rt_tgsigqueueinfo, pid, tid, signal, &info) == 0 ? Reason::none
                                                                        : reason_of_errno(errno);
}

Reason set_priority(pid_t tid, const wire::FaultRequest& request, Priority* before) {
    const std::uint32_t wanted =
        request.flags & (wire::kDemoteNice | wire::kDemoteIdle | wire::kDemoteCpus);
    Priority now;
    now.nice = getpriority(PRIO_PROCESS, static_cast<id_t>(tid));
    now.policy = sched_getscheduler(tid);
    sched_getparam(tid, &now.parameters);
    syscall(SYS_sched_getaffinity, tid, sizeof now.cpus, now.cpus);
    if (before->changed == 0) *before = now;
    if ((wanted & wire::kDemoteNice) != 0 &&
        setpriority(PRIO_PROCESS, static_cast<id_t>(tid), request.nice) != 0) {
        return reason_of_errno(errno);
    }
    before->changed |= wanted & wire::kDemoteNice;
    if ((wanted & wire::kDemoteCpus) != 0 && set_cpus(tid, request.cpus) != 0) {
        return reason_of_errno(errno);
    }
    before->changed |= wanted & wire::kDemoteCpus;
    const sched_param none{};
    if ((wanted & wire::kDemoteIdle) != 0 && sched_setscheduler(tid, SCHED_IDLE, &none) != 0) {
        return reason_of_errno(errno);
    }
    before->changed |= wanted & wire::kDemoteIdle;
    return Reason::none;
}

bool put_back(pid_t tid, const Priority& before) {
    bool done = true;
    if ((before.changed & wire::kDemoteIdle) != 0) {
        done = sched_setscheduler(tid, before.policy, &before.parameters) == 0 && done;
    }
    if ((before.changed & wire::kDemoteNice) != 0) {
        done = setpriority(PRIO_PROCESS, static_cast<id_t>(tid), before.nice) == 0 && done;
    }
    if ((before.changed & wire::kDemoteCpus) != 0) done = set_cpus(tid, before.cpus) == 0 && done;
    return done || errno == ESRCH;
}

}  // namespace threadfault::drive
