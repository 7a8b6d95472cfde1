// sixty_four: 64 threads that work and sleep by turns, for long storms. Says "ready" when all of
// them run, and runs until it is ended.
#include "say.hpp"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t all_run;

static void* work(void*) {
    pthread_setname_np(pthread_self(), "worker");
    pthread_barrier_wait(&all_run);
    const timespec pause{0, 2'000'000};
    for (volatile unsigned long sum = 0;;) {
        for (unsigned i = 0; i < 2000; ++i)
            sum = sum + i;
        nanosleep(&pause, nullptr);
    }
}

int main() {
    pthread_barrier_init(&all_run, nullptr, 65);
    pthread_t thread;
    for (int i = 0; i < 64; ++i)
        if (pthread_create(&thread, nullptr, work, nullptr) != 0) return 1;
    pthread_barrier_wait(&all_run);
    target::say("ready");
    for (;;)
        pause();
}
