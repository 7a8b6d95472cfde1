// A program that counts what happens to its own calls. It prints what it sees and knows nothing of
// threadfault.
#include "calls.hpp"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

// "hit NUMBER ERROR" for each call that did not go as it always does, then "calls N hits N".
void make_calls(MakeCall make, int count) {
    int hits = 0;
    for (int number = 1; number <= count; ++number) {
        const int error = make();
        if (error == 0) continue;
        std::printf("hit %d %d\n", number, error);
        ++hits;
    }
    std::printf("calls %d hits %d\n", count, hits);
    std::fflush(stdout);
}

void make_calls_together(MakeCall make, int count, int threads) {
    std::atomic<int> hits{0};
    std::vector<std::thread> makers;
    for (int i = 0; i < threads; ++i) {
        makers.emplace_back([&] {
            for (int number = 0; number < count; ++number)
                hits += make() != 0 ? 1 : 0;
        });
    }
    for (auto& maker : makers)
        maker.join();
    std::printf("calls %d hits %d\n", count * threads, hits.load());
}

struct Locker {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    std::atomic<int> locked{0};
    int rounds = 0;
};

void* lock_often(void* argument) {
    auto& locker = *static_cast<Locker*>(argument);
    for (int i = 0; i < locker.rounds; ++i) {
        pthread_mutex_lock(&locker.mutex);
        ++locker.locked;
        pthread_mutex_unlock(&locker.mutex);
    }
    return argument;
}

// Three threads, one after the other; each locks a mutex of its own that often.
void lock_one_by_one(int count) {
    for (int i = 1; i <= 3; ++i) {
        Locker locker;
        locker.rounds = count;
        pthread_t thread{};
        pthread_create(&thread, nullptr, lock_often, &locker);
        pthread_join(thread, nullptr);
        std::printf("thread %d locked %d then %s\n", i, locker.locked.load(),
                    pthread_mutex_trylock(&locker.mutex) == EBUSY ? "held" : "free");
    }
}

sem_t gates[2];

// glibc keeps the number of waiters in the upper half.
bool sem_has_waiter(const sem_t& gate) {
    const auto* const words = reinterpret_cast<const volatile unsigned*>(&gate);
    return words[1] != 0;
}

void* wait_at(void* gate) {
    sem_wait(static_cast<sem_t*>(gate));
    return gate;
}

void* join(pthread_t thread) {
    void* result = nullptr;
    pthread_join(thread, &result);
    return result;
}

// Two waits that are made in one order and return in the other.
void show_returns() {
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i) {
        sem_init(&gates[i], 0, 0);
        pthread_create(&threads[i], nullptr, wait_at, &gates[i]);
        // Asleep: it has made its call.
        while (!sem_has_waiter(gates[i]))
            usleep(1000);
    }
    for (int i = 1; i >= 0; --i) {
        sem_post(&gates[i]);
        void* const result = join(threads[i]);
        std::printf("thread %d %s\n", i + 1, result == &gates[i] ? "returned" : "gone");
    }
}

struct Farewell {
    ~Farewell() { std::printf("destructor\n"); }
};

void* read_often(void* argument) {
    const Farewell farewell;
    auto& reads = *static_cast<std::atomic<int>*>(argument);
    const int zero = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < 10; ++i) {
        char byte = 0;
        if (read(zero, &byte, 1) == 1) ++reads;
    }
    return argument;
}

void show_end() {
    std::atomic<int> reads{0};
    pthread_t thread{};
    void* result = nullptr;
    pthread_create(&thread, nullptr, read_often, &reads);
    pthread_join(thread, &result);
    const char* how = result == &reads             ? "returned"
                      : result == PTHREAD_CANCELED ? "cancelled"
                                                   : "gone";
    std::printf("reads %d %s\n", reads.load(), how);
}

struct Waiter {
    pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    int waits = 0;
    int held = 0;  // wakeups with the mutex held
    bool ready = false;
};

void* wait_for_ready(void* argument) {
    auto& waiter = *static_cast<Waiter*>(argument);
    pthread_mutex_lock(&waiter.mutex);
    while (!waiter.ready) {
        ++waiter.waits;
        pthread_cond_wait(&waiter.condition, &waiter.mutex);
        if (pthread_mutex_lock(&waiter.mutex) == EDEADLK) ++waiter.held;
    }
    pthread_mutex_unlock(&waiter.mutex);
    return argument;
}

// Makes the condition true when the waiter has begun its `waits`th wait.
void wake_after(int waits) {
    Waiter waiter;
    pthread_t thread{};
    pthread_create(&thread, nullptr, wait_for_ready, &waiter);
    for (bool done = false; !done; sched_yield()) {
        pthread_mutex_lock(&waiter.mutex);
        if (waiter.waits >= waits) {
            waiter.ready = done = true;
            pthread_cond_signal(&waiter.condition);
        }
        pthread_mutex_unlock(&waiter.mutex);
    }
    pthread_join(thread, nullptr);
    std::printf("waits %d held %d\n", waiter.waits, waiter.held);
}

void fork_and_call(MakeCall make, int count) {
    make_calls(make, count);
    const pid_t child = fork();
    if (child == 0) {
        make_calls(make, count);
        std::_Exit(0);
    }
    while (waitpid(child, nullptr, 0) != child) {
    }
}

// One round for each line that comes in. An idle thread is there, so that the agent is.
void serve(MakeCall make, int count) {
    std::thread([] {
        for (;;)
            ::pause();
    }).detach();
    std::printf("ready\n");
    std::fflush(stdout);
    char line[80];
    while (std::fgets(line, sizeof line, stdin) != nullptr)
        make_calls(make, count);
    std::_Exit(0);
}

}  // namespace

// target calls|together|fork|serve CALL COUNT [THREADS], target locks COUNT, target end, target
// returns, target spurious WAITS
int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "end") {
        show_end();
        return 0;
    }
    if (mode == "returns") {
        show_returns();
        return 0;
    }
    if (argc < 3) return 2;
    if (mode == "locks") {
        lock_one_by_one(std::atoi(argv[2]));
        return 0;
    }
    if (mode == "spurious") {
        wake_after(std::atoi(argv[2]));
        return 0;
    }
    const MakeCall make = find_call(argv[2]);
    if (make == nullptr || argc < 4) return 2;
    const int count = std::atoi(argv[3]);
    if (mode == "calls") {
        make_calls(make, count);
    } else if (mode == "together" && argc > 4) {
        make_calls_together(make, count, std::atoi(argv[4]));
    } else if (mode == "fork") {
        fork_and_call(make, count);
    } else if (mode == "serve") {
        serve(make, count);
    } else {
        return 2;
    }
    return 0;
}
