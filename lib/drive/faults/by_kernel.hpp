// What needs neither an agent nor a stop of the thread: a signal, and another priority. The kernel
// does both for whoever is entitled.
#ifndef THREADFAULT_DRIVE_FAULTS_BY_KERNEL_HPP
#define THREADFAULT_DRIVE_FAULTS_BY_KERNEL_HPP

#include "wire/wire.hpp"

#include <sched.h>
#include <sys/types.h>

#include <cstdint>

namespace threadfault::drive {

constexpr bool is_done_by_kernel(wire::Fault fault) noexcept {
    return fault == wire::Fault::signal || fault == wire::Fault::demote;
}

wire::Reason queue_signal(pid_t pid, pid_t tid, int signal, std::int64_t value);

// A thread's priority and CPUs, to be given back.
struct Priority {
    std::uint32_t changed = 0;  // wire::kDemoteNice and so on
    int nice = 0;
    int policy = 0;
    sched_param parameters{};
    std::uint64_t cpus[wire::kCpuWords] = {};
};

// Reason::none: done. `before` keeps what was there when it was first changed.
wire::Reason set_priority(pid_t tid, const wire::FaultRequest& request, Priority* before);
bool put_back(pid_t tid, const Priority& before);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_BY_KERNEL_HPP
