// sixty_four: 64 threads that work and sleep by turns, for long storms. Runs until it is
// ended.
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static void* work(void*) {
    pthread_setname_np(pthread_self(), "worker");
    const timespec pause{0, 2'000'000};
    for (volatile unsigned long sum = 0;;) {
        for (unsigned i = 0; i < 2000; ++i)
            sum = sum + i;
        nanosleep(&pause, nullptr);
    }
}

int main() {
    pthread_t thread;
    for (int i = 0; i < 64; ++i)
        pthread_create(&thread, nullptr, work, nullptr);
    for (;;)
        pause();
}
