// <threads.h>: create, join, exit, detach, thread-specific storage, condition variables.
#include "say.hpp"

#include <threads.h>
#include <time.h>

static mtx_t mutex;
static cnd_t condition;
static bool turn = false;
static tss_t key;

static int returns(void* argument) {
    return static_cast<int>(reinterpret_cast<long>(argument)) + 1;
}

static int exits(void*) {
    tss_set(key, &key);
    thrd_exit(33);
}

static int waits(void*) {
    mtx_lock(&mutex);
    while (!turn)
        cnd_wait(&condition, &mutex);
    mtx_unlock(&mutex);
    return 5;
}

int main() {
    say("init %d %d %d", mtx_init(&mutex, mtx_plain), cnd_init(&condition),
        tss_create(&key, [](void*) { say("tss destructor"); }));
    thrd_t thread;
    int result = 0;
    say("create %d", thrd_create(&thread, returns, reinterpret_cast<void*>(41L)));
    say("join %d", thrd_join(thread, &result));
    say("result %d", result);
    thrd_create(&thread, exits, nullptr);
    say("join %d", thrd_join(thread, &result));
    say("result %d", result);
    thrd_create(&thread, waits, nullptr);
    mtx_lock(&mutex);
    turn = true;
    cnd_signal(&condition);
    mtx_unlock(&mutex);
    say("join %d", thrd_join(thread, &result));
    say("result %d equal %d", result, thrd_equal(thrd_current(), thrd_current()) != 0);
    mtx_t timed;
    mtx_init(&timed, mtx_timed | mtx_recursive);
    mtx_lock(&timed);
    say("recursive %d", mtx_trylock(&timed));
}
