/* Run a function on one chosen thread of this process, by signal. C interface.
 *
 * The request travels as a real-time signal queued to exactly one thread
 * (rt_tgsigqueueinfo(2)); the signal's handler runs the function on that thread and posts
 * completion. See docs/execute.md for the state machine and for what the interrupted thread can
 * notice (EINTR from the calls that signal(7) lists as never restarted).
 */
#ifndef THREADFAULT_EXECUTE_H
#define THREADFAULT_EXECUTE_H

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a request ended. Three kinds of bad end are told apart: not delivered (the function never
 * ran and never will), not started (revoked: the function never ran and never will), and started
 * but not finished (it can't be revoked: `argument` must stay valid until it returns). */
typedef enum tf_execute_result {
    TF_EXECUTE_DONE = 0,           /* the function ran and returned */
    TF_EXECUTE_NO_THREAD = 1,      /* not delivered: no such thread in this process */
    TF_EXECUTE_QUEUE_FULL = 2,     /* not delivered: RLIMIT_SIGPENDING is used up */
    TF_EXECUTE_NOT_STARTED = 3,    /* not started by the deadline: revoked */
    TF_EXECUTE_SIGNAL_BLOCKED = 4, /* not started: the thread blocks the signal: revoked */
    TF_EXECUTE_THREAD_ENDED = 5,   /* not started: the thread ended first */
    TF_EXECUTE_NOT_FINISHED = 6,   /* started, still running at the deadline */
    TF_EXECUTE_ENDED_INSIDE = 7,   /* started; the thread ended without returning from it */
    TF_EXECUTE_NO_SLOT = 8,        /* not delivered: too many requests are outstanding */
    TF_EXECUTE_NO_SIGNAL = 9, /* not delivered: no usable signal, or its handler was replaced */
    TF_EXECUTE_INVALID = 10   /* not delivered: a null function or a malformed timeout */
} tf_execute_result;

/* Queues `signal_number` with `value` to the thread `tid` of the calling process: the twin of
 * pthread_sigqueue(3) that takes a kernel thread id. The receiver sees si_code SI_QUEUE.
 * Returns 0 or an errno value: EINVAL (signal number), ESRCH (no such thread), EAGAIN
 * (RLIMIT_SIGPENDING reached). Async-signal-safe; thread-safe; preserves errno. */
int thread_sigqueue(pid_t tid, int signal_number, const union sigval value);

/* Runs function(argument) on the thread `tid` of this process and waits until it returned, at most
 * `timeout` (NULL: without limit; measured on CLOCK_MONOTONIC). A thread may name itself: the
 * function then runs in the handler at once. Returns a tf_execute_result.
 * Async-signal-safe; thread-safe; preserves errno. `function` runs in a signal handler and must
 * itself be async-signal-safe; it may leave without returning (pthread_exit). */
int tf_execute_on_tid(pid_t tid, void (*function)(void*), void* argument,
                      const struct timespec* timeout);

/* The same for a pthread_t, which must be valid (neither joined nor, if detached, ended).
 * Thread-safe; not async-signal-safe. */
int tf_execute_on_pthread(pthread_t thread, void (*function)(void*), void* argument,
                          const struct timespec* timeout);

/* Chooses the real-time signal that carries requests; 0 lets the library choose an unused one.
 * Returns 0, EBUSY (the program has a handler for it), EINVAL (not a real-time signal that the
 * program may use), or EALREADY (a signal is in use already). Call it before the first request.
 * The environment variable THREADFAULT_SIGNAL has the same effect. Thread-safe. */
int tf_execute_set_signal(int signal_number);

/* The signal in use, or 0 before the first request. Async-signal-safe. */
int tf_execute_signal(void);

/* A short description in English of a tf_execute_result, without a full stop; never NULL.
 * Async-signal-safe. */
const char* tf_execute_result_text(int result);

#ifdef __cplusplus
}
#endif
#endif /* THREADFAULT_EXECUTE_H */
