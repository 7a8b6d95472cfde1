#include "preload/agent/helper_thread.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/log.hpp"
#include "preload/base/own_memory.hpp"
#include "preload/base/real.hpp"
#include "preload/base/start.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

namespace threadfault::shim {

namespace {

// The stack is ours, because libc keeps those that it makes in lists, and the program must find
// them as they are without us: a handler that forks in the middle of pthread_create leaves glibc's
// lists crossed in the child when they are not empty, and there a second thread that is made before
// the program has joined its first may get the first one's stack.
struct Stack {
    void* low = nullptr;  // its guard page
    std::size_t size = 0;
};
constinit Stack stack{};
constinit pthread_t helper{};
constinit bool unjoined = false;

// For our frames, and for the sanitizers' beside their thread-local storage (they want 128 KiB).
// Big thread-local storage of the program lies on every thread's stack, ours too.
constexpr std::size_t kRoom = 192 * 1024;
constexpr std::size_t kLargest = 64 * 1024 * 1024;

// What libc takes of a stack for itself, where it tells: __pthread_get_minstack, which is there for
// the JVM.
constinit std::size_t least = 0;

std::size_t in_whole_pages(std::size_t size) noexcept {
    return (size + kPageSize - 1) / kPageSize * kPageSize;
}

bool provide_stack(std::size_t size) noexcept {
    if (stack.low != nullptr && stack.size >= size) return true;
    if (stack.low != nullptr) unmap_memory(stack.low, stack.size + kPageSize);
    stack.low = map_memory(size + kPageSize);
    stack.size = size;
    if (stack.low == nullptr) return false;
    execute::sys_call(SYS_mprotect, stack.low, kPageSize, PROT_NONE);
    return true;
}

int create_on(pthread_attr_t* attributes, void* (*body)(void*)) noexcept {
    for (std::size_t size = in_whole_pages(least + kRoom); size <= kLargest; size *= 4) {
        if (!provide_stack(size)) return ENOMEM;
        ::pthread_attr_setstack(attributes, static_cast<std::byte*>(stack.low) + kPageSize,
                                stack.size);
        const int result = real::pthread_create(&helper, attributes, body, nullptr);
        if (result != EINVAL) return result;
    }
    return EINVAL;
}

}  // namespace

void prepare_helper_thread() noexcept {
    using Ask = std::size_t (*)(const pthread_attr_t*);
    pthread_attr_t attributes;
    if (const auto ask = reinterpret_cast<Ask>(::dlsym(RTLD_DEFAULT, "__pthread_get_minstack"));
        ask != nullptr && ::pthread_attr_init(&attributes) == 0) {
        least = ask(&attributes);
        ::pthread_attr_destroy(&attributes);
    }
    real::pthread_create.get();
    real::pthread_join.get();
}

bool create_helper_thread(void* (*body)(void*)) noexcept {
    if (unjoined) join_helper_thread();
    pthread_attr_t attributes;
    int result = ::pthread_attr_init(&attributes);
    if (result == 0) {
        result = create_on(&attributes, body);
        ::pthread_attr_destroy(&attributes);
    }
    unjoined = result == 0;
    if (!unjoined) log_line("no agent: can't create its thread", result);
    return unjoined;
}

void join_helper_thread() noexcept {
    int cancel_state = 0;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    real::pthread_join(helper, nullptr);
    ::pthread_setcancelstate(cancel_state, nullptr);
    unjoined = false;
}

void await_end_of_helper_thread() noexcept {
    // libc keeps the tid in the thread's descriptor, on our stack; the kernel clears it at the end.
    const pid_t tid = libc_tid(helper);
    if (tid == 0) return;
    constexpr int kYields = 32;
    const timespec moment{0, 50'000};
    for (int looks = 0; execute::sys_tgkill(shim_pid(), tid, 0) == 0; ++looks) {
        if (looks < kYields) {
            execute::sys_call(SYS_sched_yield);
        } else {
            execute::sys_call(SYS_nanosleep, &moment, nullptr);
        }
    }
}

void forget_helper_thread() noexcept {
    unjoined = false;
}

}  // namespace threadfault::shim
