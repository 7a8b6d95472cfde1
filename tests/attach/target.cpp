// A program with threads in calls that notice a stop, and one that computes. Answers each line of
// its input with what they have noticed.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace {

std::atomic<int> interrupted{0};
std::atomic<int> destroyed{0};
std::atomic<unsigned long> spins{0};
std::atomic<unsigned long> steps{0};
sem_t never;

struct Witness {
    ~Witness() { ++destroyed; }
};

void count(long result) {
    if (result == -1 && errno == EINTR) ++interrupted;
}

[[noreturn]] void sleep_for_ever() {
    const timespec night{1000, 0};
    for (;;)
        count(nanosleep(&night, nullptr));
}
[[noreturn]] void wait_for_events() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    for (;;)
        count(epoll_wait(epoll, &event, 1, -1));
}
[[noreturn]] void wait_for_signal() {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR2);
    for (;;)
        count(sigwaitinfo(&awaited, nullptr));
}
[[noreturn]] void wait_for_semaphore() {
    for (;;)
        count(sem_wait(&never));
}
[[noreturn]] void spin() {
    for (;;)
        ++spins;
}
[[noreturn]] void step() {
    for (;;) {
        ++steps;
        usleep(1000);
    }
}

template <void (*kRun)()>
void* run(void*) {
    const Witness witness;
    kRun();
    return nullptr;
}

void start(const char* name, void* (*routine)(void*)) {
    pthread_t thread{};
    pthread_create(&thread, nullptr, routine, nullptr);
    pthread_setname_np(thread, name);
}

}  // namespace

int main() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    sem_init(&never, 0, 0);
    start("sleeper", run<sleep_for_ever>);
    start("epoller", run<wait_for_events>);
    start("sigwaiter", run<wait_for_signal>);
    start("waiter", run<wait_for_semaphore>);
    start("spinner", run<spin>);
    start("stepper", run<step>);
    std::printf("ready\n");
    std::fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
        if (byte != '\n') continue;
        std::printf("noticed %d destroyed %d spins %lu steps %lu\n", interrupted.load(),
                    destroyed.load(), spins.load(), steps.load());
        std::fflush(stdout);
    }
    _exit(0);
}
