// What the benchmark of thread creation runs with and without the shim.
//   create_target empty           ends at once
//   create_target first           makes and joins one thread
//   create_target pinned N        N times pthread_create and pthread_join on CPU 0: median, in ns
//   create_target spread N        the same on all CPUs
//   create_target burst N         N times 64 creates, then 64 joins: median of one thread's share
//   create_target fork N          N times fork, in the child _exit, waitpid: median, in ns
//   create_target fork-first N    the same, and the child makes and joins a thread
// Where the scheduler puts a process's threads depends on how busy it was before, for seconds (on
// an idle machine, 100 us of work in advance double the time of "spread", with no shim at all).
// So all begin alike: with the same number of threads on one CPU.
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void* nothing(void* argument) {
    return argument;
}

void make_and_join(int count) {
    std::vector<pthread_t> threads(static_cast<std::size_t>(count));
    for (pthread_t& thread : threads) {
        if (pthread_create(&thread, nullptr, nothing, nullptr) != 0) std::exit(1);
    }
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}

void run_on(bool one_cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = 0; cpu < (one_cpu ? 1 : CPU_SETSIZE); ++cpu)
        CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

void print_median(std::vector<std::int64_t>& took) {
    std::sort(took.begin(), took.end());
    std::printf("%lld\n", static_cast<long long>(took[took.size() / 2]));
}

// In a program that has threads, as those have that fork beside them.
void measure_fork(int rounds, bool child_has_thread) {
    make_and_join(1);
    std::vector<std::int64_t> took;
    for (int i = 0; i < rounds; ++i) {
        const std::int64_t begin = now_ns();
        const pid_t child = fork();
        if (child == 0) {
            if (child_has_thread) make_and_join(1);
            _exit(0);
        }
        if (child < 0 || waitpid(child, nullptr, 0) != child) std::exit(1);
        took.push_back(now_ns() - begin);
    }
    print_median(took);
}

void measure(int rounds, int at_once, bool one_cpu) {
    run_on(true);
    for (int i = 0; i < 2000; ++i)
        make_and_join(1);
    if (!one_cpu) run_on(false);
    for (int i = 0; i < 5; ++i)
        make_and_join(at_once);
    std::vector<std::int64_t> took;
    for (int i = 0; i < rounds; ++i) {
        const std::int64_t begin = now_ns();
        make_and_join(at_once);
        took.push_back((now_ns() - begin) / at_once);
    }
    print_median(took);
}

}  // namespace

int main(int argc, char** argv) {
    const char* const what = argc > 1 ? argv[1] : "empty";
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 0;
    if (std::strcmp(what, "first") == 0) make_and_join(1);
    if (std::strcmp(what, "pinned") == 0) measure(rounds, 1, true);
    if (std::strcmp(what, "spread") == 0) measure(rounds, 1, false);
    if (std::strcmp(what, "burst") == 0) measure(rounds, 64, false);
    if (std::strcmp(what, "fork") == 0) measure_fork(rounds, false);
    if (std::strcmp(what, "fork-first") == 0) measure_fork(rounds, true);
    return 0;
}
