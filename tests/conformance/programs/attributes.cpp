// Thread attributes arrive in the thread as they were asked for, down to the smallest stack.
#include "say.hpp"

#include <alloca.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void describe_self(const char* label) {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) abort();
    size_t stack = 0;
    size_t guard = 0;
    void* base = nullptr;
    int detached = 0;
    int policy = 0;
    sched_param parameter{};
    pthread_attr_getstack(&attributes, &base, &stack);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_getdetachstate(&attributes, &detached);
    pthread_getschedparam(pthread_self(), &policy, &parameter);
    pthread_attr_destroy(&attributes);
    const bool here = reinterpret_cast<char*>(&attributes) > static_cast<char*>(base) &&
                      reinterpret_cast<char*>(&attributes) < static_cast<char*>(base) + stack;
    say("%s: stack %zu guard %zu detached %d policy %d priority %d on its stack %d", label, stack,
        guard, detached, policy, parameter.sched_priority, here);
}

static void* plain(void* label) {
    describe_self(static_cast<const char*>(label));
    return label;
}

// Uses as much of a smallest stack as any program could count on.
static void* deep(void* size) {
    const size_t bytes = reinterpret_cast<size_t>(size);
    char* block = static_cast<char*>(alloca(bytes));
    memset(block, 0x5a, bytes);
    say("used %zu bytes: %d", bytes, block[bytes / 2]);
    return nullptr;
}

static void run(const pthread_attr_t* attributes, void* (*routine)(void*), void* argument) {
    pthread_t thread;
    const int error = pthread_create(&thread, attributes, routine, argument);
    void* result = nullptr;
    const int joined = error == 0 ? pthread_join(thread, &result) : -1;
    say("create: %d join: %d same %d", error, joined, result == argument);
}

int main() {
    run(nullptr, plain, const_cast<char*>("default"));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    const size_t sizes[] = {size_t{PTHREAD_STACK_MIN}, size_t{65536}, size_t{1} << 20};
    for (const size_t size : sizes) {
        say("setstacksize %zu: %d", size, pthread_attr_setstacksize(&attributes, size));
        run(&attributes, plain, const_cast<char*>("sized"));
        run(&attributes, deep, reinterpret_cast<void*>(size / 2));
    }
    say("too small: %d", pthread_attr_setstacksize(&attributes, 1024));
    pthread_attr_setguardsize(&attributes, 16384);
    run(&attributes, plain, const_cast<char*>("guarded"));
    void* block = nullptr;
    if (posix_memalign(&block, 4096, 128 * 1024) != 0) abort();
    pthread_attr_setstack(&attributes, block, 128 * 1024);
    run(&attributes, plain, const_cast<char*>("own stack"));
    free(block);
    pthread_attr_destroy(&attributes);

    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_BATCH);
    run(&attributes, plain, const_cast<char*>("batch"));
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    run(
        &attributes,
        [](void* argument) -> void* {
            cpu_set_t mine;
            pthread_getaffinity_np(pthread_self(), sizeof mine, &mine);
            say("affinity: %d CPU", CPU_COUNT(&mine));
            return argument;
        },
        nullptr);
    pthread_attr_destroy(&attributes);
}
