// The target of bench_commands and bench_diagnosis: N named threads at rest (argv[1]), argv[2]
// frames deep, a heartbeat that keeps the longest gap it saw, and a victim made on demand. Speaks
// lines on stdin and stdout:
//   victim   joins the last victim, makes a new one, answers "victim TID PTHREAD"
//   gap      answers "gap NANOSECONDS", the longest since the last such line
//   round    an empty handler on each of the N threads, answers "round NANOSECONDS" until the last
//   loader   a thread takes the loader's lock and keeps it, answers "loader TID"
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

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
std::vector<std::atomic<pid_t>> resting;

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
    resting[reinterpret_cast<std::size_t>(argument)].store(gettid());
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

std::atomic<int> handlers_left{0};

void empty_handler(int) {
    handlers_left.fetch_sub(1);
}

// All are asked before the first is waited for. The wait gives way: the handlers need the CPUs.
std::int64_t round_of_handlers() {
    struct sigaction action {};
    action.sa_handler = empty_handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, nullptr);
    handlers_left.store(static_cast<int>(resting.size()));
    const pid_t self = getpid();
    const std::int64_t begin = now_ns();
    for (const std::atomic<pid_t>& tid : resting)
        tgkill(self, tid.load(), SIGUSR2);
    while (handlers_left.load() > 0)
        sched_yield();
    return now_ns() - begin;
}

std::atomic<pid_t> in_loader{0};

int keep_loader_lock(dl_phdr_info*, std::size_t, void*) {
    in_loader.store(gettid());
    wait_for_ever();
    return 0;
}

void* loader(void*) {
    dl_iterate_phdr(keep_loader_lock, nullptr);
    return nullptr;
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
    resting = std::vector<std::atomic<pid_t>>(static_cast<std::size_t>(count));
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
        } else if (std::strcmp(line, "round\n") == 0) {
            std::printf("round %lld\n", static_cast<long long>(round_of_handlers()));
        } else if (std::strcmp(line, "loader\n") == 0) {
            start(&last, loader, nullptr);
            have_last = false;
            while (in_loader.load() == 0)
                sched_yield();
            std::printf("loader %d\n", in_loader.load());
        }
        std::fflush(stdout);
    }
    return 0;
}
