// Whole programs, small ones: at rest, at work, and stuck.
#include "actors.hpp"

#include "arch/call.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

namespace lock_target {
namespace {

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
sem_t stop_requested;
std::atomic<int> interrupted{0};
std::atomic<int> handled{0};

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

// All that a program usually knows, but for what it would make itself when it crashes: of the
// real-time signals the shim wants one. Without SA_RESTART: no call goes on behind the handler's
// back.
void count_signals() {
    struct sigaction action = {};
    action.sa_handler = [](int) { ++handled; };
    for (int number = 1; number < 32; ++number) {
        switch (number) {
            case SIGILL:
            case SIGTRAP:
            case SIGABRT:
            case SIGBUS:
            case SIGFPE:
            case SIGSEGV:
            case SIGCONT:  // a stop that nobody handles ends calls, too
                continue;
            default:  // those that can't be caught are refused
                sigaction(number, &action, nullptr);
        }
    }
}

// Calls that a handler ends and, epoll_wait, even a stop: restartable ones among them.
[[noreturn]] void answer_interruptions() {
    count_signals();
    // Semaphores of System V outlive their process, but not their namespace.
    const bool own_semaphores = unshare(CLONE_NEWIPC) == 0;
    begin("napper", [] {
        count_interruptions([] {
            const timespec nap{0, 20'000'000};
            nanosleep(&nap, nullptr);
        });
    });
    block_in("sleeper", SYS_clock_nanosleep, [] {
        count_interruptions([] {
            const timespec night{1000, 0};
            nanosleep(&night, nullptr);
        });
    });
    block_in("poller", threadfault::arch::kPolled,
             [] { count_interruptions([] { poll(nullptr, 0, -1); }); });
    block_in("epoller", threadfault::arch::kEpollWaited, [] {
        const int epoll = epoll_create1(EPOLL_CLOEXEC);
        count_interruptions([epoll] {
            epoll_event event{};
            epoll_wait(epoll, &event, 1, -1);
        });
    });
    block_in("reader", SYS_read, [] {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
        count_interruptions([&ends] {
            char byte = 0;
            if (read(ends[0], &byte, 1) == 0) std::abort();
        });
    });
    block("futex", [] {
        static std::uint32_t word = 1;
        count_interruptions(
            [] { syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0); });
    });
    block("waiter", [] { count_interruptions([] { sem_wait(&stop_requested); }); });
    // Those that a mere stop ends, too, and which no flag of a handler restarts.
    block_in("semop", own_semaphores ? SYS_semtimedop : threadfault::arch::kPaused,
             [own_semaphores] {
                 if (!own_semaphores) count_interruptions([] { pause(); });
                 const int set = semget(IPC_PRIVATE, 1, 0600);
                 if (set == -1) std::abort();
                 count_interruptions([set] {
                     sembuf take{0, -1, 0};
                     const timespec night{1000, 0};
                     semtimedop(set, &take, 1, &night);
                 });
             });
    block_in("sigwaiter", SYS_rt_sigtimedwait, [] {
        sigset_t awaited;
        sigemptyset(&awaited);
        sigaddset(&awaited, SIGCONT);
        pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
        count_interruptions([&awaited] { sigwaitinfo(&awaited, nullptr); });
    });
    block_in("receiver", SYS_recvfrom, [] {
        int ends[2] = {-1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
        const timeval night{1000, 0};
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &night, sizeof night);
        count_interruptions([&ends] {
            char byte = 0;
            if (recv(ends[0], &byte, 1, 0) == 0) std::abort();
        });
    });
    // On a CPU for half of the time, in such a call for the other.
    begin("busy", [] {
        const int epoll = epoll_create1(EPOLL_CLOEXEC);
        count_interruptions([epoll] {
            for (int i = 0; i < 1'000'000; ++i)
                asm volatile("");
            epoll_event event{};
            epoll_wait(epoll, &event, 1, 1);
        });
    });
    say_ready();
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) != 0) {
        if (byte != '\n') continue;
        byte = 0;  // an interrupted read changes nothing
        std::printf("interrupted %d handled %d\n", interrupted.load(), handled.load());
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
    // Only the handler of one signal, given by its number, can end the wait.
    situations["sem-and-signal"] = [](const auto& arguments) {
        struct sigaction action = {};
        action.sa_handler = [](int) { sem_post(&stop_requested); };
        sigaction(std::stoi(arguments.at(0)), &action, nullptr);
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
