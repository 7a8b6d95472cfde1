#include "preload/base/start.hpp"

#include "execute/syscalls.hpp"

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

void settle_in_this_process() noexcept {
    const pid_t pid = execute::sys_getpid();
    const pid_t before = process.pid.exchange(pid, std::memory_order_relaxed);
    if (before != 0 && before != pid) process.generation.fetch_add(1, std::memory_order_release);
}

std::uint32_t fork_generation() noexcept {
    return process.generation.load(std::memory_order_acquire);
}

bool is_foreign_process() noexcept {
    return execute::sys_getpid() != shim_pid();
}

}  // namespace threadfault::shim
