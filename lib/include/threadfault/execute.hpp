// Run a function on one chosen thread of this process, by signal. C++ interface over execute.h.
#ifndef THREADFAULT_EXECUTE_HPP
#define THREADFAULT_EXECUTE_HPP

#include <threadfault/execute.h>

#include <chrono>
#include <functional>

namespace threadfault {

// How a request ended: as tf_execute_result, where each value is described.
enum class ExecuteResult : int {
    done = TF_EXECUTE_DONE,
    no_thread = TF_EXECUTE_NO_THREAD,
    queue_full = TF_EXECUTE_QUEUE_FULL,
    not_started = TF_EXECUTE_NOT_STARTED,
    signal_blocked = TF_EXECUTE_SIGNAL_BLOCKED,
    thread_ended = TF_EXECUTE_THREAD_ENDED,
    not_finished = TF_EXECUTE_NOT_FINISHED,
    ended_inside = TF_EXECUTE_ENDED_INSIDE,
    no_slot = TF_EXECUTE_NO_SLOT,
    no_signal = TF_EXECUTE_NO_SIGNAL,
    invalid = TF_EXECUTE_INVALID,
};

// Runs `function` on the thread and waits until it has returned, for at most `timeout`. The library
// keeps the callable alive until it can no longer run, so values captured by copy stay valid even
// after `not_finished`; the caller must keep alive what is captured by reference. It runs in a
// signal handler: it must be async-signal-safe and must not throw (std::terminate is called).
// Thread-safe; not async-signal-safe (it allocates): handlers use tf_execute_on_tid.
ExecuteResult execute_on_thread(pid_t tid, std::function<void()> function,
                                std::chrono::nanoseconds timeout);
ExecuteResult execute_on_thread(pthread_t thread, std::function<void()> function,
                                std::chrono::nanoseconds timeout);

// thread_sigqueue() of execute.h. Async-signal-safe; thread-safe.
inline int thread_sigqueue(pid_t tid, int signal_number, const union sigval value) noexcept {
    return ::thread_sigqueue(tid, signal_number, value);
}

inline const char* to_string(ExecuteResult result) noexcept {
    return ::tf_execute_result_text(static_cast<int>(result));
}

}  // namespace threadfault

#endif  // THREADFAULT_EXECUTE_HPP
