// A thread "worker" sleeps in inner(), called by outer(): in two units of translation.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>

void inner(int seconds);

volatile int calls = 0;

static void outer(int seconds) {
    calls = 1;
    inner(seconds + 1);
    calls = 2;
}

static void* worker(void*) {
    pthread_setname_np(pthread_self(), "worker");
    outer(99);
    return nullptr;
}

int main() {
    pthread_t thread{};
    pthread_create(&thread, nullptr, worker, nullptr);
    std::puts("ready");
    std::fflush(stdout);
    pthread_join(thread, nullptr);
}
