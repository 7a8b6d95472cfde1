#include "preload/base/start.hpp"

#include "execute/syscalls.hpp"

namespace threadfault::shim {

namespace {

constinit std::atomic<pid_t> own_pid{0};

}  // namespace

pid_t shim_pid() noexcept {
    return own_pid.load(std::memory_order_relaxed);
}

void settle_in_this_process() noexcept {
    own_pid.store(execute::sys_getpid(), std::memory_order_relaxed);
}

bool is_foreign_process() noexcept {
    return execute::sys_getpid() != shim_pid();
}

}  // namespace threadfault::shim
