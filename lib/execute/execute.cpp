// The C++ interface (threadfault/execute.hpp): requests that own a callable.
#include "threadfault/execute.hpp"

#include "execute/run.hpp"
#include "execute/session.hpp"
#include "execute/syscalls.hpp"

#include <cxxabi.h>

#include <atomic>
#include <exception>
#include <utility>

namespace threadfault {

namespace {

// What the handler runs. On the heap, because it may outlive the call: see `overdue`.
struct Closure {
    std::function<void()> function;
    pid_t tid = 0;
    execute::Ticket ticket;
    Closure* next = nullptr;
};

// Closures that were still running at their deadline. The handler must not free them (free() may
// lock), so later calls look at them and free those that are through. Reachable for ever, so that
// leak checkers don't mistake a running one for lost.
constinit std::atomic<Closure*> overdue{nullptr};

void keep(Closure* closure) noexcept {
    closure->next = overdue.load(std::memory_order_relaxed);
    while (!overdue.compare_exchange_weak(closure->next, closure, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
}

// Can it still run? Frees its slot if not.
bool is_running(const Closure& closure, pid_t pid) noexcept {
    switch (execute::look(closure.ticket)) {
        case execute::Phase::running:
            break;
        case execute::Phase::done:
            execute::release(closure.ticket);
            return false;
        // We are in a forked child, perhaps inside this very function: keep it.
        default:
            return true;
    }
    if (execute::sys_tgkill(pid, closure.tid, 0) != -ESRCH) return true;
    execute::abandon(closure.ticket);
    return false;
}

// Takes the whole list, so that two threads never look at the same closure.
void free_overdue(pid_t pid) noexcept {
    if (overdue.load(std::memory_order_relaxed) == nullptr) return;
    Closure* closure = overdue.exchange(nullptr, std::memory_order_acquire);
    while (closure != nullptr) {
        Closure* const next = closure->next;
        if (is_running(*closure, pid)) {
            keep(closure);
        } else {
            delete closure;
        }
        closure = next;
    }
}

// Owns a closure during the call; on the way out, also by unwinding (another thread may make this
// one pthread_exit while it waits), frees it only if it can't run any more.
class Custody {
public:
    Custody(std::function<void()> function, pid_t pid, pid_t tid)
        : closure_(new Closure{std::move(function), tid, {}, nullptr}), pid_(pid) {}
    ~Custody() {
        if (settled_ || execute::revoke(closure_->ticket) || !is_running(*closure_, pid_)) {
            delete closure_;
        } else {
            keep(closure_);
        }
    }
    Custody(const Custody&) = delete;
    Custody& operator=(const Custody&) = delete;

    Closure* closure() noexcept { return closure_; }
    void settle() noexcept { settled_ = true; }

private:
    Closure* closure_;
    pid_t pid_;
    bool settled_ = false;
};

// No UndefinedBehaviorSanitizer: a forced unwind has no exception object for the reference that
// catches it (libstdc++), and it takes that for an error.
__attribute__((no_sanitize("undefined"))) void call(void* argument) {
    try {
        static_cast<Closure*>(argument)->function();
    } catch (abi::__forced_unwind&) {
        throw;  // pthread_exit or cancellation: the thread is to end
    } catch (...) {
        // The frames above are those that the signal interrupted: they expect nothing.
        std::terminate();
    }
}

std::int64_t to_deadline(std::chrono::nanoseconds timeout) noexcept {
    std::int64_t deadline = 0;
    const bool never = __builtin_add_overflow(execute::monotonic_ns(), timeout.count(), &deadline);
    return never ? execute::kNever : deadline;
}

}  // namespace

ExecuteResult execute_on_thread(pid_t tid, std::function<void()> function,
                                std::chrono::nanoseconds timeout) {
    if (!function || timeout.count() < 0) return ExecuteResult::invalid;
    const std::int64_t deadline_ns = to_deadline(timeout);
    const pid_t pid = execute::open_session();
    if (pid == 0) return ExecuteResult::no_signal;
    free_overdue(pid);
    Custody custody(std::move(function), pid, tid);
    Closure* const closure = custody.closure();
    const execute::RunOutcome outcome =
        execute::run(pid, tid, call, closure, deadline_ns, &closure->ticket);
    if (outcome != execute::RunOutcome::not_finished) custody.settle();
    return static_cast<ExecuteResult>(outcome);
}

ExecuteResult execute_on_thread(pthread_t thread, std::function<void()> function,
                                std::chrono::nanoseconds timeout) {
    if (!function || timeout.count() < 0) return ExecuteResult::invalid;
    pid_t tid = 0;
    if (!execute::tid_of(thread, &tid)) return ExecuteResult::no_thread;
    return execute_on_thread(tid, std::move(function), timeout);
}

}  // namespace threadfault
