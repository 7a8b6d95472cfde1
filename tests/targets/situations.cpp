#include "situations.hpp"

#include "say.hpp"

#include <time.h>

#include <cstdlib>
#include <cstring>

namespace target {

pthread_mutex_t contested = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t robust;

Witness::~Witness() {
    say("dtor");
}

void make_robust() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

namespace {

void sleep_for_ever() {
    const timespec hour{3600, 0};
    while (true)
        nanosleep(&hour, nullptr);
}

void spin() {
    say("ready");
    for (volatile unsigned long i = 0;;)
        i = i + 1;
}

void in_nanosleep() {
    say("ready");
    sleep_for_ever();
}

void in_read() {
    int ends[2];
    if (pipe(ends) != 0) abort();
    say("ready");
    char byte;
    while (read(ends[0], &byte, 1) <= 0) {
    }
}

void in_pause() {
    say("ready");
    while (true)
        pause();
}

void in_cond_wait() {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    // What every user of a condition variable must do, or its mutex stays locked.
    pthread_cleanup_push(
        [](void* held) { pthread_mutex_unlock(static_cast<pthread_mutex_t*>(held)); }, &mutex);
    say("ready");
    while (true)
        pthread_cond_wait(&never, &mutex);
    pthread_cleanup_pop(1);
}

void in_mutex_lock() {
    say("ready");
    pthread_mutex_lock(&contested);
    pthread_mutex_unlock(&contested);
    say("released");
    sleep_for_ever();
}

void cancel_disabled() {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    say("ready");
    sleep_for_ever();
}

class Guard {
public:
    explicit Guard(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
    ~Guard() { pthread_mutex_unlock(&mutex_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

private:
    pthread_mutex_t& mutex_;
};

void raii() {
    const Guard guard(contested);
    say("ready");
    sleep_for_ever();
}

__attribute__((noinline)) void sleep_noexcept() noexcept {
    say("ready");
    sleep_for_ever();
}

struct SleepsWhenDestroyed {
    ~SleepsWhenDestroyed() { sleep_noexcept(); }
};

void in_destructor() {
    const SleepsWhenDestroyed sleeper;
}

void catch_all() {
    try {
        say("ready");
        sleep_for_ever();
    } catch (...) {
        say("caught");
    }
}

void malloc_loop() {
    say("ready");
    static void* volatile sink;
    std::size_t size = 0;
    while (true) {
        size = (size + 16) % 5000;
        sink = malloc(16 + size);
        // Some work of its own, as every program has.
        for (volatile int i = 0; i < 50;)
            i = i + 1;
        free(sink);
    }
}

void holds_robust_mutex() {
    pthread_mutex_lock(&robust);
    say("ready");
    sleep_for_ever();
}

constexpr Situation kSituations[] = {
    {"spin", spin},
    {"nanosleep", in_nanosleep},
    {"read", in_read},
    {"pause", in_pause},
    {"cond_wait", in_cond_wait},
    {"mutex_lock", in_mutex_lock},
    {"cancel_disabled", cancel_disabled},
    {"raii", raii},
    {"noexcept", sleep_noexcept},
    {"destructor", in_destructor},
    {"catch_all", catch_all},
    {"malloc_loop", malloc_loop},
    {"robust_mutex", holds_robust_mutex},
    {"deaf", be_deaf},
    {"allocator_lock", hold_allocator_lock},
    {"loader_callback", hold_loader_lock_in_callback},
    {"loader_constructor", hold_loader_lock_in_constructor},
    {"stdout_lock", hold_stdout_lock},
};

}  // namespace

const Situation* find_situation(const char* name) {
    for (const Situation& situation : kSituations) {
        if (std::strcmp(situation.name, name) == 0) return &situation;
    }
    return nullptr;
}

void list_situations() {
    for (const Situation& situation : kSituations)
        say("%s", situation.name);
}

}  // namespace target
