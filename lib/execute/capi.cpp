// The C interface (threadfault/execute.h).
#include "execute/run.hpp"
#include "execute/session.hpp"
#include "execute/syscalls.hpp"

#include <threadfault/execute.h>

#include <cstring>

namespace {

namespace execute = threadfault::execute;

static_assert(static_cast<int>(execute::RunOutcome::done) == TF_EXECUTE_DONE);
static_assert(static_cast<int>(execute::RunOutcome::no_thread) == TF_EXECUTE_NO_THREAD);
static_assert(static_cast<int>(execute::RunOutcome::queue_full) == TF_EXECUTE_QUEUE_FULL);
static_assert(static_cast<int>(execute::RunOutcome::not_started) == TF_EXECUTE_NOT_STARTED);
static_assert(static_cast<int>(execute::RunOutcome::signal_blocked) == TF_EXECUTE_SIGNAL_BLOCKED);
static_assert(static_cast<int>(execute::RunOutcome::thread_ended) == TF_EXECUTE_THREAD_ENDED);
static_assert(static_cast<int>(execute::RunOutcome::not_finished) == TF_EXECUTE_NOT_FINISHED);
static_assert(static_cast<int>(execute::RunOutcome::ended_inside) == TF_EXECUTE_ENDED_INSIDE);
static_assert(static_cast<int>(execute::RunOutcome::no_slot) == TF_EXECUTE_NO_SLOT);
static_assert(static_cast<int>(execute::RunOutcome::no_signal) == TF_EXECUTE_NO_SIGNAL);

// False: malformed. Far deadlines saturate to "never".
bool to_deadline(const timespec* timeout, std::int64_t* deadline_ns) {
    *deadline_ns = execute::kNever;
    if (timeout == nullptr) return true;
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
        timeout->tv_nsec >= execute::kNanosecondsPerSecond) {
        return false;
    }
    std::int64_t length = 0;
    std::int64_t deadline = 0;
    if (!__builtin_mul_overflow(timeout->tv_sec, execute::kNanosecondsPerSecond, &length) &&
        !__builtin_add_overflow(length, timeout->tv_nsec, &length) &&
        !__builtin_add_overflow(execute::monotonic_ns(), length, &deadline)) {
        *deadline_ns = deadline;
    }
    return true;
}

}  // namespace

extern "C" {

int thread_sigqueue(pid_t tid, int signal_number, const union sigval value) {
    // Numbers below SIGRTMIN and above 31 are glibc's own, as pthread_sigqueue(3) has it.
    if (signal_number > 31 && signal_number < SIGRTMIN) return EINVAL;
    if (tid <= 0) return ESRCH;
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_signo = signal_number;
    info.si_code = SI_QUEUE;
    info.si_pid = execute::sys_getpid();
    info.si_uid = static_cast<uid_t>(execute::sys_call(SYS_getuid));
    info.si_value = value;
    return static_cast<int>(
        -execute::sys_rt_tgsigqueueinfo(info.si_pid, tid, signal_number, &info));
}

int tf_execute_on_tid(pid_t tid, void (*function)(void*), void* argument,
                      const struct timespec* timeout) {
    std::int64_t deadline_ns = 0;
    if (function == nullptr || !to_deadline(timeout, &deadline_ns)) return TF_EXECUTE_INVALID;
    const pid_t pid = execute::open_session();
    if (pid == 0) return TF_EXECUTE_NO_SIGNAL;
    execute::Ticket ticket;
    const execute::RunOutcome outcome =
        execute::run(pid, tid, function, argument, deadline_ns, &ticket);
    if (outcome == execute::RunOutcome::not_finished && !execute::leave(ticket)) {
        // It returned between the deadline and now.
        execute::release(ticket);
        return TF_EXECUTE_DONE;
    }
    return static_cast<int>(outcome);
}

int tf_execute_on_pthread(pthread_t thread, void (*function)(void*), void* argument,
                          const struct timespec* timeout) {
    pid_t tid = 0;
    if (!execute::tid_of(thread, &tid)) return TF_EXECUTE_NO_THREAD;
    return tf_execute_on_tid(tid, function, argument, timeout);
}

int tf_execute_set_signal(int signal_number) {
    return execute::choose_session_signal(signal_number);
}

int tf_execute_signal(void) {
    return execute::signal_in_use();
}

const char* tf_execute_result_text(int result) {
    switch (result) {
        case TF_EXECUTE_DONE:
            return "The function ran on the thread and returned.";
        case TF_EXECUTE_NO_THREAD:
            return "No such thread in this process.";
        case TF_EXECUTE_QUEUE_FULL:
            return "The limit on queued signals is reached.";
        case TF_EXECUTE_NOT_STARTED:
            return "The thread did not run the function in time; the request was revoked.";
        case TF_EXECUTE_SIGNAL_BLOCKED:
            return "The thread blocks the signal; the request was revoked.";
        case TF_EXECUTE_THREAD_ENDED:
            return "The thread ended before the function could start.";
        case TF_EXECUTE_NOT_FINISHED:
            return "The function started but did not return in time.";
        case TF_EXECUTE_ENDED_INSIDE:
            return "The thread ended inside the function.";
        case TF_EXECUTE_NO_SLOT:
            return "Too many requests are outstanding.";
        case TF_EXECUTE_NO_SIGNAL:
            return "No signal is usable, or the program replaced its handler.";
        case TF_EXECUTE_INVALID:
            return "The function is null or the timeout is malformed.";
        default:
            return "Unknown result.";
    }
}

}  // extern "C"
