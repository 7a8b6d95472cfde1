#include "preload/base/start.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/sandbox.hpp"

namespace threadfault::shim {

namespace {

// Together: a forked child writes to both, and to nothing else of ours.
struct alignas(16) Process {
    std::atomic<pid_t> pid{0};
    std::atomic<std::uint32_t> generation{0};
};
constinit Process process{};

}  // namespace

pid_t shim_pid() noexcept {
    return process.pid.load(std::memory_order_relaxed);
}

void settle_at_start() noexcept {
    process.pid.store(execute::sys_getpid(), std::memory_order_relaxed);
}

// libc has told the only thread its tid already, which is the pid: a filter may forbid to ask.
void settle_in_child() noexcept {
    const pid_t pid = libc_tid(::pthread_self());
    const pid_t before = process.pid.exchange(pid, std::memory_order_relaxed);
    if (before != pid) process.generation.fetch_add(1, std::memory_order_release);
}

std::uint32_t fork_generation() noexcept {
    return process.generation.load(std::memory_order_acquire);
}

bool is_foreign_process() noexcept {
    return !is_filter_known() && execute::sys_getpid() != shim_pid();
}

}  // namespace threadfault::shim
