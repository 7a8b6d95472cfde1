// A thread that blocks every signal by a system call of its own, and real-time signals that are
// sent to the process: they wait until the thread takes them, and nobody burns time over them.
#include "say.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

std::uint64_t pending() {
    std::uint64_t mask = 0;
    syscall(SYS_rt_sigpending, &mask, sizeof mask);
    return mask;
}

double seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void* work(void* argument) {
    return argument;
}

}  // namespace

int main() {
    pthread_t thread;
    pthread_create(&thread, nullptr, work, nullptr);
    pthread_join(thread, nullptr);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kAll, nullptr, sizeof kAll);
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        sigqueue(getpid(), number, sigval{});
    // What a thread that spins would use in this time.
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    const timespec while_all_wait{0, 300'000'000};
    nanosleep(&while_all_wait, nullptr);
    say("at rest %d", seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu < 0.1);
    int taken = 0;
    const double begin = seconds(CLOCK_MONOTONIC);
    while (taken < SIGRTMAX - SIGRTMIN + 1 && seconds(CLOCK_MONOTONIC) - begin < 20) {
        const timespec moment{0, 10'000'000};
        if (syscall(SYS_rt_sigtimedwait, &kAll, nullptr, &moment, sizeof kAll) >= SIGRTMIN) ++taken;
    }
    say("taken %d, left %d", taken, pending() != 0);
}
