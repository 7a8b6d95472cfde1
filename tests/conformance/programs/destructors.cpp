// Thread-local objects and thread-specific data: destructors run, in order, however a thread ends.
#include "say.hpp"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

struct Noisy {
    const char* name;
    explicit Noisy(const char* n) : name(n) {}
    ~Noisy() { say("~%s", name); }
};

static thread_local Noisy first("thread_local first");
static thread_local Noisy second("thread_local second");
static pthread_key_t keys[3];
static int rounds = 0;

static void on_key(void* value) {
    say("key destructor %s", static_cast<const char*>(value));
}

// Re-arms itself for ever: POSIX lets the implementation stop after PTHREAD_DESTRUCTOR_ITERATIONS.
static void on_stubborn_key(void* value) {
    ++rounds;
    pthread_setspecific(keys[2], value);
}

static void* body(void* how) {
    const Noisy local("local");
    say("touch %s %s", first.name, second.name);
    pthread_setspecific(keys[0], "zero");
    pthread_setspecific(keys[1], "one");
    pthread_setspecific(keys[2], "two");
    const long way = reinterpret_cast<long>(how);
    if (way == 1) pthread_exit(how);
    if (way == 2) {
        pthread_cancel(pthread_self());
        pthread_testcancel();
    }
    return how;
}

int main() {
    pthread_key_create(&keys[0], on_key);
    pthread_key_create(&keys[1], on_key);
    pthread_key_create(&keys[2], on_stubborn_key);
    for (long way = 0; way < 3; ++way) {
        rounds = 0;
        say("way %ld", way);
        pthread_t thread;
        pthread_create(&thread, nullptr, body, reinterpret_cast<void*>(way));
        void* result = nullptr;
        pthread_join(thread, &result);
        say("result %ld, stubborn rounds %d", reinterpret_cast<long>(result), rounds);
    }
}
