// Joining and detaching: results and error codes; robust mutexes; many threads at once.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

static std::atomic<bool> go{false};
static std::atomic<int> ended{0};
static pthread_mutex_t robust;

static void* held(void*) {
    while (!go)
        sched_yield();
    return &go;
}

static void* dies_with_lock(void*) {
    pthread_mutex_lock(&robust);
    return nullptr;
}

int main() {
    pthread_t thread;
    pthread_create(&thread, nullptr, held, nullptr);
    void* result = nullptr;
    say("tryjoin of a living thread %d", pthread_tryjoin_np(thread, &result));
    timespec soon{};
    clock_gettime(CLOCK_REALTIME, &soon);
    say("timedjoin %d", pthread_timedjoin_np(thread, &result, &soon));
    say("kill 0 %d, wrong signal %d", pthread_kill(thread, 0), pthread_kill(thread, 99));
    go = true;
    say("join %d, result %d", pthread_join(thread, &result), result == &go);
    say("join oneself %d", pthread_join(pthread_self(), nullptr));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 200; ++i) {
        pthread_create(
            &thread, &attributes,
            [](void*) -> void* {
                ++ended;
                return nullptr;
            },
            nullptr);
    }
    while (ended < 200)
        sched_yield();
    say("detached %d", ended.load());

    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &kind);
    pthread_create(&thread, nullptr, dies_with_lock, nullptr);
    pthread_join(thread, nullptr);
    say("robust %d", pthread_mutex_lock(&robust));
    say("consistent %d unlock %d", pthread_mutex_consistent(&robust),
        pthread_mutex_unlock(&robust));

    char name[16];
    pthread_setname_np(pthread_self(), "renamed main");
    pthread_getname_np(pthread_self(), name, sizeof name);
    say("name %s, too long %d", name,
        pthread_setname_np(pthread_self(), "far too long a name for it"));
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            char mine[16];
            pthread_getname_np(pthread_self(), mine, sizeof mine);
            say("inherited name %s", mine);
            return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
    pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, [] { say("once"); });
    pthread_once(&once, [] { say("twice"); });
}
