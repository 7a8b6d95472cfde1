// Whole programs, small ones: at rest, at work, and stuck.
#include "actors.hpp"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace lock_target {
namespace {

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
sem_t stop_requested;
std::atomic<int> interrupted{0};

void work() {
    pthread_mutex_lock(&queue_mutex);
    while (true)
        pthread_cond_wait(&queue_filled, &queue_mutex);
}

void start_pool() {
    for (const char* name : {"worker-0", "worker-1", "worker-2"})
        block(name, work);
}

[[noreturn]] void join_for_ever(pthread_t thread) {
    say_ready();
    pthread_join(thread, nullptr);
    std::abort();
}

void count_interruptions(Action call) {
    while (true) {
        errno = 0;
        call();
        if (errno == EINTR) ++interrupted;
    }
}

// These calls return EINTR after any handler and, epoll_wait, even after a stop.
[[noreturn]] void answer_interruptions() {
    begin("napper", [] {
        count_interruptions([] {
            const timespec nap{0, 20'000'000};
            nanosleep(&nap, nullptr);
        });
    });
    begin("sleeper", [] {
        count_interruptions([] {
            const timespec night{1000, 0};
            nanosleep(&night, nullptr);
        });
    });
    begin("poller", [] { count_interruptions([] { poll(nullptr, 0, -1); }); });
    begin("epoller", [] {
        const int epoll = epoll_create1(EPOLL_CLOEXEC);
        count_interruptions([epoll] {
            epoll_event event{};
            epoll_wait(epoll, &event, 1, -1);
        });
    });
    block("waiter", [] { count_interruptions([] { sem_wait(&stop_requested); }); });
    say_ready();
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
        if (byte != '\n') continue;
        std::printf("interrupted %d\n", interrupted.load());
        std::fflush(stdout);
    }
    _exit(0);
}

}  // namespace

void add_programs(Situations& situations) {
    situations["pool"] = [](const auto&) { start_pool(); };
    situations["pool-in-pause"] = [](const auto&) {
        start_pool();
        say_ready();
        stay();
    };
    situations["pool-joined"] = [](const auto&) {
        start_pool();
        join_for_ever(block("worker-3", work));
    };
    situations["sem-and-sigterm"] = [](const auto&) {
        struct sigaction action = {};
        action.sa_handler = [](int) { sem_post(&stop_requested); };
        sigaction(SIGTERM, &action, nullptr);
        block("worker-0", work);
        say_ready();
        while (sem_wait(&stop_requested) != 0) {
        }
        _exit(0);
    };
    situations["spinner"] = [](const auto&) {
        static std::atomic<unsigned long> spins{0};
        join_for_ever(begin("spinner", [] {
            while (true)
                ++spins;
        }));
    };
    situations["napper"] = [](const auto&) {
        join_for_ever(begin("napper", [] {
            while (true)
                usleep(1000);
        }));
    };
    // Threads come and go, none of them lives for long.
    situations["thread-per-request"] = [](const auto&) {
        join_for_ever(begin("acceptor", [] {
            while (true) {
                usleep(20'000);
                pthread_join(start("request", [] {}), nullptr);
            }
        }));
    };
    situations["calls"] = [](const auto&) { answer_interruptions(); };
}

}  // namespace lock_target
