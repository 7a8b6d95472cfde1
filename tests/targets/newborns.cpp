// Main leaves; a maker makes short threads until the standard input ends, then everything ends by
// itself: the process must too, with 0.
#include "say.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

static std::atomic<bool> stop{false};

static void* live_shortly(void* argument) {
    return argument;
}

static void* make(void* argument) {
    while (!stop) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, live_shortly, nullptr) != 0) continue;
        pthread_setname_np(thread, "newborn");
        pthread_join(thread, nullptr);
    }
    return argument;
}

static void* wait_for_the_end(void* argument) {
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    stop = true;
    return argument;
}

int main() {
    pthread_t maker;
    pthread_t waiter;
    pthread_create(&maker, nullptr, make, nullptr);
    pthread_create(&waiter, nullptr, wait_for_the_end, nullptr);
    target::say("ready");
    pthread_exit(nullptr);
}
