// Threads that burn CPU: those that only spin, and those that compute.
#include "actors.hpp"

#include "arch/call.hpp"

#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace lock_target {
namespace {

pthread_spinlock_t spin_lock;
std::atomic_flag flag = ATOMIC_FLAG_INIT;
std::atomic<bool> go_on{false};
std::atomic<int> turn{0};
std::atomic<unsigned> done{0};
sem_t empty;
pthread_mutex_t forks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

// What a computation leaves behind, so that it is not left out.
volatile std::uint64_t result = 0;
volatile double real_result = 0;

void spin_for_lock() {
    pthread_spin_lock(&spin_lock);
}

void spin_for_flag() {
    while (flag.test_and_set()) {
    }
}

void yield_for_flag() {
    while (flag.test_and_set())
        sched_yield();
}

// Each time longer, up to a limit.
void back_off_for_flag() {
    int turns = 1;
    while (flag.test_and_set()) {
        for (int i = 0; i < turns; ++i)
            threadfault::arch::pause();
        if (turns < 1000) turns *= 2;
    }
}

void look_for_ever() {
    while (!go_on.load(std::memory_order_acquire)) {
    }
}

void try_for_lock() {
    unsigned long tries = 0;
    while (pthread_mutex_trylock(&forks[0]) != 0)
        ++tries;
    result = tries;
}

// What is written is errno.
void try_for_semaphore() {
    while (sem_trywait(&empty) != 0) {
    }
}

// Now and then it lets others run.
void count_for_flag() {
    while (true) {
        for (int i = 0; i < 1000; ++i)
            if (go_on.load(std::memory_order_acquire)) return;
        sched_yield();
    }
}

void look_at_the_clock() {
    timespec now{};
    while (!go_on.load(std::memory_order_acquire))
        clock_gettime(CLOCK_MONOTONIC, &now);
}

#if defined(__x86_64__)
void let_cycles_pass() {
    while (!go_on.load(std::memory_order_acquire)) {
        const unsigned long long begin = __builtin_ia32_rdtsc();
        while (__builtin_ia32_rdtsc() - begin < 5000)
            __builtin_ia32_pause();
    }
}
#else
void let_cycles_pass() {
    look_at_the_clock();
}
#endif

// Each lets the other go first, for ever.
void go_in_step(int mine, int other) {
    while (true) {
        pthread_mutex_lock(&forks[mine]);
        ++turn;
        while (turn % 2 != 0)
            sched_yield();
        if (pthread_mutex_trylock(&forks[other]) == 0) {
            ++done;
            pthread_mutex_unlock(&forks[other]);
        }
        pthread_mutex_unlock(&forks[mine]);
    }
}

[[gnu::noinline]] void multiply() {
    constexpr std::size_t kSize = 64;
    static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];
    while (true) {
        for (std::size_t i = 0; i < kSize; ++i) {
            for (std::size_t j = 0; j < kSize; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < kSize; ++k)
                    sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        }
        real_result = c[1][1];
    }
}

[[gnu::noinline]] void hash() {
    std::uint64_t value = 14695981039346656037U;
    while (true) {
        for (unsigned byte = 0; byte < 256; ++byte)
            value = (value ^ byte) * 1099511628211U;
        result = value;
    }
}

// All that changes is in a vector register.
[[gnu::noinline]] void add_up() {
    double sum = 1;
    while (sum > 0)
        sum += 1 / (sum * sum);
    real_result = sum;
}

// All that changes is in memory.
[[gnu::noinline]] void count() {
    while (true)
        result = result + 1;
}

// All that changes is where it is in memory that is all alike.
[[gnu::noinline]] void search() {
    static char memory[1 << 20];
    while (true) {
        for (std::size_t i = 0; i < sizeof memory; ++i)
            if (*static_cast<volatile char*>(memory + i) != 0) std::abort();
    }
}

// A clock ends it, now and then.
[[gnu::noinline]] void hash_for_a_while() {
    timespec now{};
    for (std::uint64_t value = 1; now.tv_sec >= 0; clock_gettime(CLOCK_MONOTONIC, &now)) {
        for (unsigned i = 0; i < 1000; ++i)
            value = value * 31 + i;
        result = value;
    }
}

// Turns of a loop with system calls in it that find nothing.
void poll_nothing() {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0) std::abort();
    char byte = 0;
    while (read(ends[0], &byte, 1) < 0) {
    }
}

void begin_three(void (*action)()) {
    for (const char* const name : {"spinner-0", "spinner-1", "spinner-2"})
        begin(name, action);
}

}  // namespace

void add_spinners(Situations& situations) {
    situations["spin-lock"] = [](const auto&) {
        pthread_spin_init(&spin_lock, PTHREAD_PROCESS_PRIVATE);
        hold("holder", [] { pthread_spin_lock(&spin_lock); });
        begin_three(spin_for_lock);
    };
    situations["spin-flag"] = [](const auto&) {
        flag.test_and_set();
        begin_three(spin_for_flag);
    };
    situations["spin-yield"] = [](const auto&) {
        flag.test_and_set();
        begin_three(yield_for_flag);
    };
    situations["spin-back-off"] = [](const auto&) {
        flag.test_and_set();
        begin_three(back_off_for_flag);
    };
    situations["spin-look"] = [](const auto&) { begin_three(look_for_ever); };
    situations["spin-try"] = [](const auto&) {
        hold("holder", [] { pthread_mutex_lock(&forks[0]); });
        begin_three(try_for_lock);
    };
    situations["spin-semaphore"] = [](const auto&) {
        sem_init(&empty, 0, 0);
        begin_three(try_for_semaphore);
    };
    situations["spin-count"] = [](const auto&) { begin_three(count_for_flag); };
    situations["spin-clock"] = [](const auto&) { begin_three(look_at_the_clock); };
    situations["spin-cycles"] = [](const auto&) { begin_three(let_cycles_pass); };
    situations["livelock"] = [](const auto&) {
        begin("left", [] { go_in_step(0, 1); });
        begin("right", [] { go_in_step(1, 0); });
    };
    const auto compute = [&](const char* name, void (*action)()) {
        situations[name] = [action](const auto&) { begin("worker", action); };
    };
    compute("multiply", multiply);
    compute("hash", hash);
    compute("add-up", add_up);
    compute("count", count);
    compute("search", search);
    compute("hash-for-a-while", hash_for_a_while);
    compute("poll-nothing", poll_nothing);
    situations["spin-beside-work"] = [](const auto&) {
        begin_three(look_for_ever);
        begin("worker", hash);
    };
}

}  // namespace lock_target
