// Waits whose memory misleads who only looks at it.
#include "actors.hpp"

#include "arch/call.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>

// A lock of the program's own with its own bookkeeping: a small number where libc's mutexes have
// the owner's thread id.
struct OwnLock {
    std::atomic<int> word{0};
    unsigned depth = 0;
    int slot = 0;
    unsigned users = 0;
    int flags = 0;
    int padding = 0;
    std::array<void*, 2> hooks{};
};
static OwnLock own_lock;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t worker_cond = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t first_mutex, second_mutex;

namespace lock_target {
namespace {

long futex(std::atomic<int>* word, long operation, long value) {
    return threadfault::arch::call(SYS_futex,
                                   {reinterpret_cast<long>(word), operation, value, 0, 0, 0});
}

void take(OwnLock& lock, int slot) {
    int free = 0;
    if (!lock.word.compare_exchange_strong(free, 1)) {
        while (lock.word.exchange(2) != 0)
            futex(&lock.word, FUTEX_WAIT_PRIVATE, 2);
    }
    lock.slot = slot;
    lock.users++;
}

void own_locks() {
    hold("owner", [] { take(own_lock, 73); });
    block("waiter", [] { take(own_lock, 74); });
}

// Waits for work with a time limit, as everybody does.
void cond_after_timeouts() {
    static std::atomic<int> timeouts{0};
    static const int kEnough = 3;
    begin("worker", [] {
        pthread_mutex_lock(&cond_mutex);
        while (true) {
            timespec end{};
            clock_gettime(CLOCK_REALTIME, &end);
            end.tv_nsec += 1'000'000;
            end.tv_nsec %= 1'000'000'000;
            if (timeouts >= kEnough) end.tv_sec += 86400;
            pthread_cond_timedwait(&worker_cond, &cond_mutex, &end);
            ++timeouts;
        }
    });
    while (timeouts < kEnough)
        usleep(1000);
}

// The condition has been signalled now and then: who waits is in its second group.
void cond_after_signals() {
    static int jobs = 0;
    static std::atomic<int> done{0};
    for (int i = 1; i <= 4; ++i) {
        block("worker-" + std::to_string(i), [] {
            pthread_mutex_lock(&cond_mutex);
            while (true) {
                while (jobs == 0)
                    pthread_cond_wait(&worker_cond, &cond_mutex);
                --jobs;
                ++done;
            }
        });
    }
    for (int job = 1; job <= 2; ++job) {
        pthread_mutex_lock(&cond_mutex);
        ++jobs;
        pthread_cond_signal(&worker_cond);
        pthread_mutex_unlock(&cond_mutex);
        while (done < job)
            usleep(1000);
    }
}

// The kernel answers EDEADLK to the second, and libc puts it to sleep for ever.
void inheriting_circle() {
    for (pthread_mutex_t* mutex : {&first_mutex, &second_mutex}) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(mutex, &attributes);
    }
    all_take_then({{"member-0", [] { pthread_mutex_lock(&first_mutex); },
                    [] {
                        pthread_mutex_lock(&second_mutex);
                        stay();
                    }},
                   {"member-1", [] { pthread_mutex_lock(&second_mutex); },
                    [] {
                        pthread_mutex_lock(&first_mutex);
                        stay();
                    }}});
}

void wait_for_job() {
    pthread_mutex_lock(&cond_mutex);
    while (true)
        pthread_cond_wait(&worker_cond, &cond_mutex);
}

// A line of input makes somebody wait for a waiter that the test has ended meanwhile: the first
// signal is for that one, and what comes next waits until it has taken it.
void cond_after_death(const std::vector<std::string>& arguments) {
    const bool destroys = arguments.at(0) == "pthread_cond_destroy";
    block("victim", wait_for_job);
    say_ready();
    char byte = 0;
    if (read(STDIN_FILENO, &byte, 1) != 1) _exit(0);
    pthread_cond_signal(&worker_cond);
    if (!destroys) block("second", wait_for_job);
    block("caller", [destroys] {
        if (destroys) {
            pthread_cond_destroy(&worker_cond);
        } else {
            pthread_cond_broadcast(&worker_cond);
        }
        stay();
    });
    std::puts("called");
    std::fflush(stdout);
    stay();
}

// The one that writes has the stream's lock, and nobody reads.
void full_pipe() {
    const int out = dup(STDOUT_FILENO);
    std::array<int, 2> pipe_ends{};
    if (pipe(pipe_ends.data()) != 0 || dup2(pipe_ends[1], STDOUT_FILENO) < 0) return;
    static char line[1 << 17];
    std::memset(line, 'x', sizeof line - 1);
    block_in("logger-1", SYS_write, [] { std::fputs(line, stdout); });
    block("logger-2", [] { std::puts("done"); });
    dprintf(out, "ready\n");
    stay();
}

}  // namespace

void add_misleading(Situations& situations) {
    situations["own-lock"] = [](const auto&) { own_locks(); };
    situations["cond-after-timeouts"] = [](const auto&) { cond_after_timeouts(); };
    situations["cond-after-signals"] = [](const auto&) { cond_after_signals(); };
    situations["cond-after-death"] = cond_after_death;
    situations["inheriting-circle"] = [](const auto&) { inheriting_circle(); };
    situations["full-pipe"] = [](const auto&) { full_pipe(); };
}

}  // namespace lock_target
