/* The C interface from C. */
#include <threadfault/execute.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static int failures = 0;
static atomic_int end = 0;

static void check(int ok, const char* what) {
    if (ok) return;
    fprintf(stderr, "failed: %s\n", what);
    ++failures;
}

static void add_one(void* argument) {
    ++*(int*)argument;
}

static void* wait_for_end(void* argument) {
    while (!atomic_load(&end))
        usleep(200);
    return argument;
}

int main(void) {
    const struct timespec ample = {20, 0};
    int number = 0;
    pthread_t thread;
    union sigval value;

    check(tf_execute_on_pthread(pthread_self(), add_one, &number, NULL) == TF_EXECUTE_DONE, "self");
    check(number == 1, "ran on itself");
    check(tf_execute_signal() >= SIGRTMIN, "a signal is in use");
    check(tf_execute_set_signal(SIGRTMIN) != 0, "too late to choose");

    check(pthread_create(&thread, NULL, wait_for_end, NULL) == 0, "thread");
    check(tf_execute_on_pthread(thread, add_one, &number, &ample) == TF_EXECUTE_DONE, "other");
    check(number == 2, "ran on the other");
    check(tf_execute_on_tid(getpid(), add_one, &number, &ample) == TF_EXECUTE_DONE, "main's tid");
    check(number == 3, "ran on main");
    check(tf_execute_on_tid(-1, add_one, &number, &ample) == TF_EXECUTE_NO_THREAD, "no thread");
    check(tf_execute_on_tid(getpid(), NULL, NULL, &ample) == TF_EXECUTE_INVALID, "no function");
    check(tf_execute_result_text(TF_EXECUTE_NO_THREAD) != NULL, "text");
    value.sival_int = 0;
    check(thread_sigqueue(getpid(), 0, value) == 0, "signal 0 only asks");
    check(thread_sigqueue(-1, SIGUSR1, value) != 0, "nobody there");
    atomic_store(&end, 1);
    check(pthread_join(thread, NULL) == 0, "join");
    return failures == 0 ? 0 : 1;
}
