// A timer's handler forks while main is in the middle of making threads; each child goes on from
// there and checks that every thread ran what it was given.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

static volatile sig_atomic_t in_child = 0;
static volatile sig_atomic_t forks = 0;
static constexpr int kForks = 200;
static std::atomic<int> ran[16];

static void on_signal(int) {
    const int kept = errno;
    if (in_child == 0 && forks < kForks) {
        forks = forks + 1;
        if (fork() == 0) {
            in_child = 1;
            alarm(20);
        }
    }
    errno = kept;
}

static void* run(void* argument) {
    const auto number = reinterpret_cast<uintptr_t>(argument);
    ran[number].fetch_add(1);
    return reinterpret_cast<void*>(number + 1000);
}

// What went wrong; 0: nothing.
static int run_round(unsigned count) {
    pthread_t threads[16];
    for (unsigned i = 0; i < count; ++i)
        ran[i] = 0;
    for (uintptr_t i = 0; i < count; ++i) {
        if (pthread_create(&threads[i], nullptr, run, reinterpret_cast<void*>(i)) != 0) return 1;
    }
    int wrong = 0;
    for (uintptr_t i = 0; i < count; ++i) {
        void* result = nullptr;
        pthread_join(threads[i], &result);
        if (reinterpret_cast<uintptr_t>(result) != i + 1000 || ran[i] != 1) wrong = 2;
    }
    return wrong;
}

int main() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR1;
    event._sigev_un._tid = gettid();
    timer_t timer{};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    itimerspec often{{0, 470'000}, {0, 470'000}};
    timer_settime(timer, 0, &often, nullptr);
    int wrong = 0;
    while (forks < kForks && in_child == 0)
        wrong |= run_round(1);
    if (in_child != 0) {
        wrong = 0;  // a thread that was the parent's can't be joined here
        for (int i = 0; i < 5; ++i)
            wrong |= run_round(8);
        _exit(wrong);
    }
    often = {};
    timer_settime(timer, 0, &often, nullptr);
    int well = 0;
    int status = 0;
    while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
        well += status == 0;
    say("parent %d, children that did well %d", wrong, well);
}
