// One thread for each call that waits, named after it. "ready" when all of them sleep.
#include "actors.hpp"

#include "arch/call.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>

// By these names they are to be shown.
static pthread_mutex_t normal_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive_mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t errorcheck_mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t a_rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t a_cond = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t a_barrier;
static pthread_once_t a_once = PTHREAD_ONCE_INIT;
static sem_t a_sem;
static mtx_t c_mutex, c_cond_mutex;
static cnd_t c_cond;
static std::latch a_latch{2};
static std::barrier<> a_std_barrier{2};
static std::counting_semaphore<5> a_std_sem{0};
static std::atomic<int> an_atomic{0};

namespace {

using lock_target::block;
using lock_target::stay;

timespec later(clockid_t clock) {
    timespec end{};
    clock_gettime(clock, &end);
    end.tv_sec += 86400;
    return end;
}

struct NeverMade {
    NeverMade() { stay(); }
};
void make_it() {
    static NeverMade made;
}

int stay_on(void* /*unused*/) {
    stay();
}

void locks() {
    pthread_mutex_lock(&normal_mutex);
    pthread_mutex_lock(&recursive_mutex);
    pthread_mutex_lock(&errorcheck_mutex);
    pthread_rwlock_wrlock(&a_rwlock);
    block("lock", [] { pthread_mutex_lock(&normal_mutex); });
    block("recursive", [] { pthread_mutex_lock(&recursive_mutex); });
    block("errorcheck", [] { pthread_mutex_lock(&errorcheck_mutex); });
    block("timedlock", [] {
        const timespec end = later(CLOCK_REALTIME);
        pthread_mutex_timedlock(&normal_mutex, &end);
    });
    block("clocklock", [] {
        const timespec end = later(CLOCK_MONOTONIC);
        pthread_mutex_clocklock(&normal_mutex, CLOCK_MONOTONIC, &end);
    });
    block("rdlock", [] { pthread_rwlock_rdlock(&a_rwlock); });
    block("wrlock", [] { pthread_rwlock_wrlock(&a_rwlock); });
    block("timedwrlock", [] {
        const timespec end = later(CLOCK_REALTIME);
        pthread_rwlock_timedwrlock(&a_rwlock, &end);
    });
}

void others() {
    sem_init(&a_sem, 0, 0);
    pthread_barrier_init(&a_barrier, nullptr, 2);
    block("sem_wait", [] { sem_wait(&a_sem); });
    block("sem_timedwait", [] {
        const timespec end = later(CLOCK_REALTIME);
        sem_timedwait(&a_sem, &end);
    });
    block("barrier", [] { pthread_barrier_wait(&a_barrier); });
    block("cond", [] {
        pthread_mutex_lock(&cond_mutex);
        pthread_cond_wait(&a_cond, &cond_mutex);
    });
    block("timedcond", [] {
        const timespec end = later(CLOCK_REALTIME);
        pthread_mutex_lock(&cond_mutex);
        pthread_cond_timedwait(&a_cond, &cond_mutex, &end);
    });
    static const pthread_t joinee = lock_target::hold("joinee", [] {});
    block("join", [] { pthread_join(joinee, nullptr); });
    lock_target::block_in("once-maker", threadfault::arch::kPaused,
                          [] { pthread_once(&a_once, [] { stay(); }); });
    block("once", [] { pthread_once(&a_once, [] { stay(); }); });
}

void of_c11() {
    mtx_init(&c_mutex, mtx_plain);
    mtx_init(&c_cond_mutex, mtx_plain);
    cnd_init(&c_cond);
    mtx_lock(&c_mutex);
    block("mtx_lock", [] { mtx_lock(&c_mutex); });
    block("cnd_wait", [] {
        mtx_lock(&c_cond_mutex);
        cnd_wait(&c_cond, &c_cond_mutex);
    });
    static thrd_t joinee;
    thrd_create(&joinee, stay_on, nullptr);
    block("thrd_join", [] { thrd_join(joinee, nullptr); });
}

void of_cpp() {
    block("latch", [] { a_latch.wait(); });
    block("std-barrier", [] { a_std_barrier.arrive_and_wait(); });
    block("std-semaphore", [] { a_std_sem.acquire(); });
    block("atomic", [] { an_atomic.wait(0); });
    static std::promise<int> promise;
    static std::shared_future<int> future = promise.get_future().share();
    block("future", [] { future.wait(); });
    lock_target::block_in("guard-maker", threadfault::arch::kPaused, [] { make_it(); });
    block("guard", [] { make_it(); });
}

}  // namespace

int main() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    locks();
    others();
    of_c11();
    of_cpp();
    lock_target::say_ready();
    stay();
}
