// The target of bench_attach: a thread that reads the clock in a loop and notes in a page how
// long it stood still. Usage: attach_bench_target PAGE CPU THREADS
//   0   main itself: whoever attaches has no other thread to borrow
//   N   a thread beside N others that are at rest; main is one of those, and makes one more on
//   demand
// It runs on that CPU alone and before all others there, so that what is seen is not other work.
#include "attach_shared.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

bench::AttachShared* shared;
int cpu = -1;

void wait_while(std::atomic<std::uint32_t>* word, std::uint32_t value) {
    while (word->load() == value)
        syscall(SYS_futex, word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// One CPU alone would be ours for ever: then it is left to the scheduler.
void keep_cpu_to_oneself() {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    sched_setaffinity(0, sizeof set, &set);
    const sched_param priority{.sched_priority = 10};
    sched_setscheduler(0, SCHED_FIFO, &priority);
}

void read_clock_for_a_while() {
    shared->gap_begin.store(0);
    shared->gap_end.store(0);
    shared->lost.store(0);
    shared->steps.store(0);
    const bool calls = shared->calls.load() != 0;
    std::int64_t longest = 0;
    std::int64_t next_call = 0;
    for (std::int64_t last = now_ns(); shared->runs.load(std::memory_order_relaxed) != 0;) {
        const std::int64_t now = now_ns();
        const std::int64_t gap = now - last;
        if (gap > bench::kNoticed) shared->lost.fetch_add(gap);
        if (gap > longest) {
            longest = gap;
            shared->gap_begin.store(last);
            shared->gap_end.store(now);
        }
        last = now;
        shared->steps.store(shared->steps.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
        if (calls && now >= next_call) {
            syscall(SYS_getppid);
            next_call = now + 100'000;
        }
    }
}

[[noreturn]] void read_clock() {
    keep_cpu_to_oneself();
    shared->clock_reader.store(static_cast<std::int32_t>(syscall(SYS_gettid)));
    for (;;) {
        shared->resting.store(1);
        wait_while(&shared->runs, 0);
        shared->resting.store(0);
        read_clock_for_a_while();
    }
}

void* rest(void*) {
    pthread_setname_np(pthread_self(), "victim");
    shared->victim.store(static_cast<std::int32_t>(syscall(SYS_gettid)));
    std::atomic<std::uint32_t> never{0};
    wait_while(&never, 0);
    return nullptr;
}

void* beside(void*) {
    pthread_setname_np(pthread_self(), "clock");
    read_clock();
}

void start(void* (*routine)(void*)) {
    pthread_t thread{};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    if (pthread_create(&thread, &attributes, routine, nullptr) == 0) pthread_detach(thread);
    pthread_attr_destroy(&attributes);
}

}  // namespace

int main(int argc, char** argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 4) return 2;
    const int page = open(argv[1], O_RDWR | O_CLOEXEC);
    void* const mapped = mmap(nullptr, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    if (mapped == MAP_FAILED) return 1;
    close(page);
    shared = static_cast<bench::AttachShared*>(mapped);
    cpu = std::atoi(argv[2]);
    const int threads = std::atoi(argv[3]);
    if (threads == 0) read_clock();
    for (int i = 1; i < threads; ++i)
        start(rest);
    start(beside);
    for (std::uint32_t made = 0;; ++made) {
        wait_while(&shared->victims_wanted, made);
        start(rest);
    }
}
