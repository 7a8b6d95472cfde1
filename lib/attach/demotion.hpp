// What needs no stop of the thread: a signal, and another priority. The kernel does both for
// whoever is entitled.
#ifndef THREADFAULT_ATTACH_DEMOTION_HPP
#define THREADFAULT_ATTACH_DEMOTION_HPP

#include "wire/wire.hpp"

#include <sched.h>
#include <sys/types.h>

#include <cstdint>

namespace threadfault::attach {

wire::Reason send_signal(pid_t pid, pid_t tid, int signal, std::int64_t value);

// A thread's priority and CPUs, to be given back.
struct Demotion {
    std::uint32_t changed = 0;  // wire::kDemoteNice and so on
    int nice = 0;
    int policy = 0;
    sched_param parameters{};
    std::uint64_t cpus[wire::kCpuWords] = {};
};

// Reason::none: done. `before` keeps what was there when it was first changed.
wire::Reason demote(pid_t tid, const wire::FaultRequest& request, Demotion* before);
bool undo(pid_t tid, const Demotion& before);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_DEMOTION_HPP
