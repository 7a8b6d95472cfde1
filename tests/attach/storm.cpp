// A program that is hard to attach to: it allocates, loads a library, handles signals and makes
// thousands of threads a second, beside threads in calls that notice a stop. Says at each line of
// its input how often those have seen EINTR, and how many threads it has made. Usage: attach_storm
// [BIRTHS], so many threads a second, and all others rest in between; without it, as many as it
// can.
#include "observers.hpp"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <initializer_list>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace {

std::atomic<unsigned long> interrupted{0};
std::atomic<unsigned long> births{0};
std::atomic<unsigned long> signals{0};

void start(void* (*routine)(void*)) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, routine, nullptr) == 0) pthread_detach(thread);
}

void count(long result) {
    if (result == -1 && errno == EINTR) ++interrupted;
}

void block_alarms() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

constexpr int kMothers = 2;
long births_wanted = 0;  // a second; 0: no limit, and nobody rests

void rest() {
    if (births_wanted != 0) usleep(500);
}

// Keeps one thread to its share of the births. What was missed is caught up with, but not for long.
class Pace {
public:
    Pace() { clock_gettime(CLOCK_MONOTONIC, &due_); }
    void keep() {
        if (births_wanted == 0) return;
        constexpr long kSecond = 1'000'000'000;
        due_.tv_nsec += kSecond * kMothers / births_wanted;
        due_.tv_sec += due_.tv_nsec / kSecond;
        due_.tv_nsec %= kSecond;
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > due_.tv_sec + 1) due_ = now;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due_, nullptr) == EINTR) {
        }
    }

private:
    timespec due_{};
};

void* allocate(void*) {
    for (unsigned size = 1;; size = size * 5 % 65'521 + 1) {
        rest();
        void* volatile block = std::malloc(size);
        std::free(block);
    }
}

void* load(void*) {
    for (;;) {
        rest();
        void* const library = dlopen("libm.so.6", RTLD_NOW);
        if (library != nullptr) dlclose(library);
    }
}

void* give_birth(void*) {
    for (Pace pace;; pace.keep()) {
        pthread_t child{};
        const auto nothing = [](void*) -> void* { return nullptr; };
        if (pthread_create(&child, nullptr, nothing, nullptr) != 0) continue;
        pthread_join(child, nullptr);
        ++births;
    }
}

void* wait_for_events(void*) {
    block_alarms();
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    for (;;)
        count(epoll_wait(epoll, &event, 1, -1));
}

void* wait_for_signal(void*) {
    block_alarms();
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    for (;;)
        count(sigwaitinfo(&awaited, nullptr));
}

void* nap(void*) {
    block_alarms();
    const timespec moment{0, 300'000};
    for (;;)
        count(nanosleep(&moment, nullptr));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) births_wanted = std::atol(argv[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_observers(&interrupted);
    struct sigaction action = {};
    action.sa_handler = [](int) { ++signals; };
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often{{0, 500}, {0, 500}};
    for (const auto routine : {allocate, load, wait_for_events, wait_for_signal, nap})
        start(routine);
    for (int i = 0; i < kMothers; ++i)
        start(give_birth);
    setitimer(ITIMER_REAL, &often, nullptr);
    std::printf("ready\n");
    std::fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
        if (byte != '\n') continue;
        std::printf("interrupted %lu births %lu signals %lu\n", interrupted.load(), births.load(),
                    signals.load());
        std::fflush(stdout);
    }
    _exit(0);
}
