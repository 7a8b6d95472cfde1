#include "preload/base/agent_thread.hpp"

#include "preload/base/libc_layout.hpp"

#include <pthread.h>

#include <atomic>

namespace threadfault::shim {

namespace {

constinit std::atomic<pid_t> helper_tid{0};

}  // namespace

pid_t agent_tid() noexcept {
    return helper_tid.load(std::memory_order_acquire);
}

bool is_agent_thread() noexcept {
    const pid_t tid = agent_tid();
    return tid != 0 && tid == libc_tid(::pthread_self());
}

void set_agent_tid(pid_t tid) noexcept {
    helper_tid.store(tid, std::memory_order_release);
}

}  // namespace threadfault::shim
