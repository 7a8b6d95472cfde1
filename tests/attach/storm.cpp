// A program that is hard to attach to: it allocates, loads a library, handles signals and makes
// thousands of threads a second, beside threads in calls that notice a stop. Says at each line of
// its input how often those have seen EINTR, and how many threads it has made. With an argument it
// leaves CPU time to others.
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

// Beside other tests: as many kinds of trouble, and less of each.
bool gentle = false;

void rest() {
    if (gentle) usleep(500);
}

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
    for (;;) {
        rest();
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

int main(int argc, char**) {
    gentle = argc > 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_observers(&interrupted);
    struct sigaction action = {};
    action.sa_handler = [](int) { ++signals; };
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often{{0, 500}, {0, 500}};
    for (const auto routine :
         {allocate, load, give_birth, give_birth, wait_for_events, wait_for_signal, nap})
        start(routine);
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
