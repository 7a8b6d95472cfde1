// The target of bench_commands: N named threads at rest (argv[1]), argv[2] frames deep, a heartbeat
// that keeps the longest gap it saw, and a victim made on demand. Speaks lines on stdin and stdout:
//   victim   joins the last victim, makes a new one, answers "victim TID PTHREAD"
//   gap      answers "gap NANOSECONDS", the longest since the last such line
#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<int> ready{0};
std::atomic<pid_t> victim_tid{0};
std::atomic<std::int64_t> longest_gap{0};
std::atomic<bool> forget{false};

struct Unlock {
    pthread_mutex_t* mutex;
    ~Unlock() { pthread_mutex_unlock(mutex); }
};

// Every thread waits on objects of its own, so that none disturbs another.
volatile bool over = false;  // never: but the compiler is not to know

void wait_for_ever() {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    const Unlock unlock{&mutex};
    while (!over)
        pthread_cond_wait(&condition, &mutex);
}

int depth = 0;

// That many frames above the wait.
[[gnu::noinline]] int descend(int left) {
    if (left <= 0) {
        wait_for_ever();
        return 0;
    }
    volatile int below = 0;  // used after the call, so that the call is no jump
    below = descend(left - 1);
    return below + 1;
}

void* at_rest(void* argument) {
    char name[16];
    std::snprintf(name, sizeof name, "w%05ld", reinterpret_cast<long>(argument));
    pthread_setname_np(pthread_self(), name);
    ready.fetch_add(1);
    descend(depth);
    return nullptr;
}

void* victim(void*) {
    pthread_setname_np(pthread_self(), "victim");
    victim_tid.store(gettid());
    wait_for_ever();
    return nullptr;
}

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void* heartbeat(void*) {
    pthread_setname_np(pthread_self(), "heartbeat");
    prctl(PR_SET_TIMERSLACK, 1);
    ready.fetch_add(1);
    for (std::int64_t last = now_ns();;) {
        const timespec pause{0, 100'000};
        nanosleep(&pause, nullptr);
        const std::int64_t now = now_ns();
        if (forget.exchange(false)) {
            longest_gap.store(0);
        } else if (now - last > longest_gap.load()) {
            longest_gap.store(now - last);
        }
        last = now;
    }
}

void start(pthread_t* thread, void* (*routine)(void*), void* argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    if (pthread_create(thread, &attributes, routine, argument) != 0) {
        std::fputs("commands_target: pthread_create failed\n", stderr);
        std::exit(1);
    }
    pthread_attr_destroy(&attributes);
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 4;
    depth = argc > 2 ? std::atoi(argv[2]) : 0;
    pthread_t thread{};
    for (int i = 0; i < count; ++i) {
        start(&thread, at_rest, reinterpret_cast<void*>(static_cast<long>(i)));
    }
    start(&thread, heartbeat, nullptr);
    while (ready.load() < count + 1)
        sched_yield();
    std::puts("ready");
    std::fflush(stdout);

    pthread_t last{};
    bool have_last = false;
    char line[64];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        if (std::strcmp(line, "victim\n") == 0) {
            if (have_last) pthread_join(last, nullptr);
            victim_tid.store(0);
            start(&last, victim, nullptr);
            have_last = true;
            while (victim_tid.load() == 0)
                sched_yield();
            std::printf("victim %d %lu\n", victim_tid.load(), static_cast<unsigned long>(last));
        } else if (std::strcmp(line, "gap\n") == 0) {
            std::printf("gap %lld\n", static_cast<long long>(longest_gap.load()));
            forget.store(true);
            while (forget.load())
                sched_yield();
        }
        std::fflush(stdout);
    }
    return 0;
}
