// Threads of this process, each blocked in one kind of object: what is told of it from outside.
#include "observe/wait_object.hpp"

#include "addresses.hpp"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

namespace threadfault::observe {
namespace {

// Runs `block` on a thread until the object that it waits for is recognised as `kind`, then
// `release`.
std::optional<WaitObject> observe(WaitKind kind, const std::function<void()>& block,
                                  const std::function<void()>& release) {
    std::atomic<pid_t> tid{0};
    std::thread thread([&] {
        tid = gettid();
        block();
    });
    const Process self(getpid());
    const Memory memory(getpid());
    std::optional<WaitObject> seen;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
        if (tid != 0) {
            const auto call = self.syscall(tid);
            if (call) seen = classify_wait(*call, memory);
            if (seen && seen->kind == kind) break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    release();
    thread.join();
    return seen;
}

TEST(WaitObject, Mutex) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    const auto seen = observe(
        WaitKind::mutex,
        [] {
            pthread_mutex_lock(&mutex);
            pthread_mutex_unlock(&mutex);
        },
        [] { pthread_mutex_unlock(&mutex); });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::mutex, seen->kind);
    EXPECT_EQ(address_of(&mutex), seen->address);
    EXPECT_EQ(gettid(), seen->owner_tid);
}

TEST(WaitObject, MutexOfEveryType) {
    for (const int type :
         {PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP}) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, type);
        pthread_mutex_t mutex;
        pthread_mutex_init(&mutex, &attributes);
        pthread_mutex_lock(&mutex);
        const auto seen = observe(
            WaitKind::mutex,
            [&] {
                pthread_mutex_lock(&mutex);
                pthread_mutex_unlock(&mutex);
            },
            [&] { pthread_mutex_unlock(&mutex); });
        ASSERT_TRUE(seen) << type;
        EXPECT_EQ(WaitKind::mutex, seen->kind) << type;
        EXPECT_EQ(gettid(), seen->owner_tid) << type;
        pthread_mutex_destroy(&mutex);
    }
}

TEST(WaitObject, ConditionVariable) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static bool done = false;
    const auto seen = observe(
        WaitKind::cond,
        [] {
            pthread_mutex_lock(&mutex);
            while (!done)
                pthread_cond_wait(&condition, &mutex);
            pthread_mutex_unlock(&mutex);
        },
        [] {
            pthread_mutex_lock(&mutex);
            done = true;
            pthread_mutex_unlock(&mutex);
            pthread_cond_signal(&condition);
        });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::cond, seen->kind);
    EXPECT_EQ(address_of(&condition), seen->address);
}

TEST(WaitObject, ReadWriteLock) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_wrlock(&lock);
    const auto seen = observe(
        WaitKind::rwlock,
        [] {
            pthread_rwlock_rdlock(&lock);
            pthread_rwlock_unlock(&lock);
        },
        [] { pthread_rwlock_unlock(&lock); });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::rwlock, seen->kind);
    EXPECT_EQ(address_of(&lock), seen->address);
    EXPECT_EQ(gettid(), seen->owner_tid);
}

TEST(WaitObject, Semaphore) {
    static sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    const auto seen = observe(
        WaitKind::sem, [] { sem_wait(&semaphore); }, [] { sem_post(&semaphore); });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::sem, seen->kind);
    EXPECT_EQ(address_of(&semaphore), seen->address);
}

TEST(WaitObject, Barrier) {
    static pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 2);
    const auto seen = observe(
        WaitKind::barrier, [] { pthread_barrier_wait(&barrier); },
        [] { pthread_barrier_wait(&barrier); });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::barrier, seen->kind);
}

TEST(WaitObject, Join) {
    static std::atomic<bool> stop{false};
    static std::atomic<pid_t> joinee{0};
    pthread_t thread{};
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            joinee = gettid();
            while (!stop)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return nullptr;
        },
        nullptr);
    const auto seen = observe(
        WaitKind::join, [&] { pthread_join(thread, nullptr); }, [] { stop = true; });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::join, seen->kind);
    EXPECT_EQ(static_cast<std::uint64_t>(thread), seen->address);
    EXPECT_EQ(joinee.load(), seen->owner_tid);
}

TEST(WaitObject, AFutexOfOnesOwnIsJustAFutex) {
    static std::atomic<int> word{0};
    const auto seen = observe(
        WaitKind::futex,
        [] {
            while (word == 0)
                syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        },
        [] {
            word = 1;
            syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        });
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::futex, seen->kind);
    EXPECT_EQ(address_of(&word), seen->address);
}

TEST(WaitObject, OtherCallsAreNoWait) {
    const Memory memory(getpid());
    TaskSyscall running;
    running.running = true;
    EXPECT_FALSE(classify_wait(running, memory));
    TaskSyscall reading;
    reading.number = SYS_read;
    EXPECT_FALSE(classify_wait(reading, memory));
    TaskSyscall waking;
    waking.number = SYS_futex;
    waking.arguments[0] = address_of(&memory);
    waking.arguments[1] = FUTEX_WAKE_PRIVATE;
    EXPECT_FALSE(classify_wait(waking, memory));
}

TEST(WaitObject, UnreadableMemoryIsAPlainFutex) {
    TaskSyscall call;
    call.number = SYS_futex;
    call.arguments[0] = 0x1000;
    call.arguments[1] = FUTEX_WAIT_PRIVATE;
    const auto seen = classify_wait(call, Memory(getpid()));
    ASSERT_TRUE(seen);
    EXPECT_EQ(WaitKind::futex, seen->kind);
    EXPECT_EQ(0x1000U, seen->address);
}

}  // namespace
}  // namespace threadfault::observe
