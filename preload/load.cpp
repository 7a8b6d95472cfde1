// The top of the house: sets up every room when the shim is loaded, and again in a forked child.
#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/real.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/points/passages.hpp"
#include "preload/points/rules.hpp"
#include "preload/registry/registry.hpp"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

namespace threadfault::shim {

constinit std::atomic<bool> loaded{false};

namespace {

constinit std::atomic<bool> loading{false};

const char* shim_file() noexcept {
    Dl_info info{};
    return ::dladdr(reinterpret_cast<void*>(&load), &info) != 0 ? info.dli_fname : nullptr;
}

// `run --no-follow`: this process keeps the shim, its children start without it. The environment is
// edited in place (LD_PRELOAD only gets shorter), so nothing is allocated.
void leave_environment() noexcept {
    const char* const follow = ::getenv("THREADFAULT_FOLLOW");
    if (follow == nullptr || std::strcmp(follow, "0") != 0) return;
    char* const list = ::getenv("LD_PRELOAD");
    const char* const file = shim_file();
    if (list == nullptr || file == nullptr) return;
    const std::size_t length = std::strlen(file);
    char* const at = std::strstr(list, file);
    if (at == nullptr || std::strchr(": ", at[length]) == nullptr) return;
    if (at == list && at[length] == '\0') {
        ::unsetenv("LD_PRELOAD");
    } else if (at[length] != '\0') {
        std::memmove(at, at + length + 1, std::strlen(at + length + 1) + 1);
    } else {
        at[-1] = '\0';  // the last one, with its separator
    }
}

// Little, and in the calling thread's own pages: see settle_in_child().
void in_forked_child() noexcept {
    settle_in_child();
    if (is_creating()) {
        settle_registry();
        agent_after_fork();
    }
    restart_rules_after_fork();
    forget_passages_after_fork();
}

[[gnu::constructor]] void load_at_start() noexcept {
    ensure_loaded();
}

}  // namespace

void load() noexcept {
    if (loading.exchange(true, std::memory_order_acq_rel)) return;
    settle_at_start();
    note_inherited_filters();
    real::resolve();
    learn_libc_layout();
    choose_reserved_signals();
    if (execute::sys_gettid() == shim_pid()) register_main();
    ::pthread_atfork(agent_before_fork, nullptr, in_forked_child);
    arm_from_environment();
    map_passages();
    leave_environment();
    loaded.store(true, std::memory_order_release);
}

void after_bare_fork() noexcept {
    in_forked_child();
}

}  // namespace threadfault::shim
