// Cancellation as the program itself uses it: deferred, asynchronous, disabled, with handlers.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

static std::atomic<int> stage{0};

struct Guard {
    ~Guard() { say("~Guard"); }
};

static void cleanup(void* text) {
    say("cleanup %s", static_cast<const char*>(text));
}

static void* in_read(void* fd) {
    const Guard guard;
    char byte;
    stage = 1;
    const ssize_t got = read(static_cast<int>(reinterpret_cast<long>(fd)), &byte, 1);
    say("read returned %zd", got);
    return nullptr;
}

// No destructor here: an asynchronous unwind out of a loop without calls has no entry in the
// table of call sites and ends in std::terminate, with or without the shim.
static void* asynchronous(void*) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    stage = 1;
    for (;;)
        stage = 1;
}

static void* disabled(void*) {
    int old = -1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    say("old state %d", old);
    stage = 1;
    while (stage != 2)
        sched_yield();
    pthread_testcancel();
    say("not cancelled while disabled");
    pthread_cleanup_push(cleanup, const_cast<char*>("outer"));
    pthread_cleanup_push(cleanup, const_cast<char*>("inner"));
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
    pthread_testcancel();
    say("unreachable");
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return nullptr;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void unlock(void* m) {
    say("unlock %d", pthread_mutex_unlock(static_cast<pthread_mutex_t*>(m)));
}

static void* in_cond_wait(void*) {
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    stage = 1;
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
    return nullptr;
}

static void run(const char* label, void* (*routine)(void*), void* argument, bool set_stage) {
    say("%s", label);
    stage = 0;
    pthread_t thread;
    pthread_create(&thread, nullptr, routine, argument);
    while (stage == 0)
        sched_yield();
    const int cancelled = pthread_cancel(thread);
    if (set_stage) stage = 2;
    void* result = nullptr;
    const int joined = pthread_join(thread, &result);
    say("cancel %d join %d cancelled %d", cancelled, joined, result == PTHREAD_CANCELED);
}

int main() {
    int fds[2];
    if (pipe(fds) != 0) return 1;
    run("read", in_read, reinterpret_cast<void*>(static_cast<long>(fds[0])), false);
    run("asynchronous", asynchronous, nullptr, false);
    run("disabled", disabled, nullptr, true);
    run("cond_wait", in_cond_wait, nullptr, false);
    say("mutex after it: %d", pthread_mutex_trylock(&mutex));
}
