// The calls of the C library that put a thread to sleep on an object, and what they wait for.
#ifndef THREADFAULT_OBSERVE_WAIT_CALLS_HPP
#define THREADFAULT_OBSERVE_WAIT_CALLS_HPP

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

enum class CallKind { mutex, rwlock, cond, sem, barrier, join, once };

struct WaitCall {
    std::string_view name;
    CallKind kind{};
};

// All of them.
std::span<const WaitCall> wait_calls() noexcept;

// By the function's name, or one that libc or an interceptor of a sanitizer has for it; nullptr:
// none of them.
const WaitCall* find_wait_call(std::string_view name);

// By the function's name: it makes the system calls of libc's cancellation points, whichever they
// are (glibc 2.41 on).
bool is_common_to_cancellation_points(std::string_view name);

// What waits on a futex without the C library's objects, for people: "std::latch wait",
// "g_cond_wait", "std::sync::mutex::Mutex::lock"; "" where the names tell nothing. `frames`: the
// functions around the system call, innermost first, without parameters.
std::string name_of_foreign_wait(const std::vector<std::string>& frames);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_WAIT_CALLS_HPP
