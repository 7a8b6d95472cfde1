// Every kind of object that a thread can wait for: "held KIND" (by a thread that lives), "left
// KIND" (by one that returned), and those that know no owner.
#include "actors.hpp"

#include <semaphore.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <latch>
#include <mutex>
#include <shared_mutex>

// By these names `locks` is to call them.
static pthread_mutex_t normal_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t adaptive_mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t recursive_mutex, errorcheck_mutex, inherit_mutex, robust_mutex, shared_mutex;
static pthread_rwlock_t rwlock_r = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t rwlock_w = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t fair_rwlock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static std::mutex std_mutex;
static std::recursive_mutex std_recursive_mutex;
static std::shared_mutex std_shared_mutex;
static mtx_t c_mutex;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t a_cond = PTHREAD_COND_INITIALIZER;
static sem_t a_sem;
static pthread_barrier_t a_barrier;
static std::latch a_latch{1};
static std::atomic<int> an_atomic{0};

namespace lock_target {
namespace {

pthread_mutex_t* made(pthread_mutex_t* mutex, int (*set)(pthread_mutexattr_t*, int), int value) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    set(&attributes, value);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return mutex;
}

struct Lock {
    Action take;
    Action wait;
};

Lock mutex_lock(pthread_mutex_t* mutex) {
    const auto lock = [mutex] { pthread_mutex_lock(mutex); };
    return {lock, lock};
}

template <typename Mutex>
Lock std_lock(Mutex* mutex) {
    const auto lock = [mutex] { mutex->lock(); };
    return {lock, lock};
}

Lock lock_of(const std::string& kind) {
    if (kind == "normal_mutex") return mutex_lock(&normal_mutex);
    if (kind == "adaptive_mutex") return mutex_lock(&adaptive_mutex);
    if (kind == "recursive_mutex") {
        const Lock lock =
            mutex_lock(made(&recursive_mutex, pthread_mutexattr_settype, PTHREAD_MUTEX_RECURSIVE));
        return {[lock] { lock.take(), lock.take(); }, lock.wait};
    }
    if (kind == "errorcheck_mutex")
        return mutex_lock(
            made(&errorcheck_mutex, pthread_mutexattr_settype, PTHREAD_MUTEX_ERRORCHECK));
    if (kind == "inherit_mutex")
        return mutex_lock(
            made(&inherit_mutex, pthread_mutexattr_setprotocol, PTHREAD_PRIO_INHERIT));
    if (kind == "robust_mutex")
        return mutex_lock(made(&robust_mutex, pthread_mutexattr_setrobust, PTHREAD_MUTEX_ROBUST));
    if (kind == "shared_mutex")
        return mutex_lock(
            made(&shared_mutex, pthread_mutexattr_setpshared, PTHREAD_PROCESS_SHARED));
    if (kind == "std_mutex") return std_lock(&std_mutex);
    if (kind == "std_recursive_mutex") return std_lock(&std_recursive_mutex);
    if (kind == "std_shared_mutex") return std_lock(&std_shared_mutex);
    if (kind == "c_mutex") {
        mtx_init(&c_mutex, mtx_plain);
        const auto lock = [] { mtx_lock(&c_mutex); };
        return {lock, lock};
    }
    if (kind == "rwlock_r")
        return {[] { pthread_rwlock_wrlock(&rwlock_r); }, [] { pthread_rwlock_rdlock(&rwlock_r); }};
    if (kind == "rwlock_w")
        return {[] { pthread_rwlock_wrlock(&rwlock_w); }, [] { pthread_rwlock_wrlock(&rwlock_w); }};
    std::fprintf(stderr, "no such lock\n");
    std::exit(2);
}

// What the waiter does when it gets the lock after all.
Action wait_then_stay(Action wait) {
    return [wait = std::move(wait)] {
        wait();
        stay();
    };
}

void held(const std::vector<std::string>& arguments) {
    const Lock lock = lock_of(arguments.at(0));
    hold("owner", lock.take);
    block("waiter", wait_then_stay(lock.wait));
}

void left(const std::vector<std::string>& arguments) {
    const Lock lock = lock_of(arguments.at(0));
    pthread_join(start("owner", lock.take), nullptr);
    block("waiter", wait_then_stay(lock.wait));
}

// The next one gets EOWNERDEAD, and the lock.
void left_robust(const std::vector<std::string>&) {
    const Lock lock = lock_of("robust_mutex");
    pthread_join(start("owner", lock.take), nullptr);
    hold("waiter", lock.wait);
}

timespec far_away() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += 3600;
    return time;
}

// Threads that wait for a lock themselves, and for those, and for those.
void chain(const std::vector<std::string>&) {
    static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
    static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
    hold("owner", [] { pthread_mutex_lock(&first); });
    block("next", [] {
        pthread_mutex_lock(&second);
        pthread_mutex_lock(&first);
        stay();
    });
    const pthread_t third = block("third", [] {
        pthread_mutex_lock(&second);
        stay();
    });
    block("joiner", [third] { pthread_join(third, nullptr); });
    block("patient", [] {
        const timespec end = far_away();
        pthread_mutex_timedlock(&first, &end);
        stay();
    });
}

// The owner is a thread of another process; "killed": was.
void other_process(const std::vector<std::string>& arguments) {
    void* const memory = mmap(nullptr, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const mutex = made(static_cast<pthread_mutex_t*>(memory), pthread_mutexattr_setpshared,
                             PTHREAD_PROCESS_SHARED);
    int ends[2];
    if (pipe(ends) != 0) std::exit(2);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pthread_mutex_lock(mutex);
        if (write(ends[1], "x", 1) != 1) _exit(2);
        stay();
    }
    char byte = 0;
    if (read(ends[0], &byte, 1) != 1) std::exit(2);
    if (!arguments.empty()) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    block("waiter", [mutex] {
        pthread_mutex_lock(mutex);
        stay();
    });
}

void wait_for_cond() {
    pthread_mutex_lock(&cond_mutex);
    while (true)
        pthread_cond_wait(&a_cond, &cond_mutex);
}

Situation blocked_in(void (*call)()) {
    return [call](const std::vector<std::string>&) { block("waiter", call); };
}

}  // namespace

void add_objects(Situations& situations) {
    situations["held"] = held;
    situations["left"] = left;
    situations["left-robust"] = left_robust;
    situations["chain"] = chain;
    situations["other-process"] = other_process;
    situations["late"] = [](const auto&) {
        hold("owner", [] { pthread_mutex_lock(&normal_mutex); });
        block("waiter", [] {
            const timespec end = far_away();
            pthread_mutex_timedlock(&normal_mutex, &end);
            stay();
        });
    };
    situations["cond"] = blocked_in(wait_for_cond);
    situations["conds"] = [](const auto&) {
        for (const char* name : {"waiter", "second", "third"})
            block(name, wait_for_cond);
    };
    situations["cond-timed"] = blocked_in([] {
        pthread_mutex_lock(&cond_mutex);
        const timespec end = far_away();
        while (true)
            pthread_cond_timedwait(&a_cond, &cond_mutex, &end);
    });
    situations["sem"] = blocked_in([] { sem_wait(&a_sem); });
    situations["barrier"] = [](const auto&) {
        pthread_barrier_init(&a_barrier, nullptr, 3);
        for (const char* name : {"waiter", "second"})
            block(name, [] { pthread_barrier_wait(&a_barrier); });
    };
    situations["latch"] = blocked_in([] { a_latch.wait(); });
    situations["atomic"] = blocked_in([] { an_atomic.wait(0); });
    situations["join"] = [](const auto&) {
        const pthread_t owner = hold("owner", [] {});
        block("waiter", [owner] {
            pthread_join(owner, nullptr);
            stay();
        });
    };
    // Readers are not written down anywhere.
    situations["writer-behind-reader"] = [](const auto&) {
        hold("owner", [] { pthread_rwlock_rdlock(&rwlock_w); });
        block("waiter", [] { pthread_rwlock_wrlock(&rwlock_w), stay(); });
    };
    situations["reader-behind-writer-in-waiting"] = [](const auto&) {
        hold("owner", [] { pthread_rwlock_rdlock(&fair_rwlock); });
        block("waiter", [] { pthread_rwlock_wrlock(&fair_rwlock), stay(); });
        block("second", [] { pthread_rwlock_rdlock(&fair_rwlock), stay(); });
    };
    situations["std-reader-behind-writer"] = [](const auto&) {
        hold("owner", [] { std_shared_mutex.lock(); });
        block("waiter", [] { std_shared_mutex.lock_shared(), stay(); });
    };
    // The number of a thread that gave it back is no owner.
    situations["given-back"] = [](const auto&) {
        pthread_join(start("owner",
                           [] {
                               pthread_mutex_lock(&normal_mutex);
                               pthread_mutex_unlock(&normal_mutex);
                           }),
                     nullptr);
        hold("successor", [] { pthread_mutex_lock(&normal_mutex); });
        block("waiter", [] { pthread_mutex_lock(&normal_mutex), stay(); });
    };
}

}  // namespace lock_target
