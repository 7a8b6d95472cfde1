// Threads of this process asleep in calls that their memory alone would not tell, or would tell
// wrongly.
#include "observe/call_evidence.hpp"

#include "addresses.hpp"
#include "arch/call.hpp"
#include "observe/wait_object.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

namespace threadfault::observe {
namespace {

struct Seen {
    WaitObject by_call;
    WaitObject by_memory;
};

// What a thread that runs `block` is seen to wait for when it sleeps in a futex for which
// `expected` is true; then `release`.
Seen look_at(const std::function<void()>& block, const std::function<void()>& release,
             const std::function<bool(const WaitObject&)>& expected) {
    std::atomic<pid_t> tid{0};
    std::thread thread([&] {
        tid = gettid();
        block();
    });
    const Process self(getpid());
    const Memory memory(getpid());
    CallFacts facts(self, memory);
    WaitClassifier by_call(memory, &facts);
    Seen seen;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
        const auto call = tid != 0 ? self.syscall(tid) : std::nullopt;
        const auto object = call ? by_call.classify(*call, tid) : std::nullopt;
        if (object) {
            seen.by_call = *object;
            seen.by_memory = classify_wait(*call, memory).value_or(WaitObject());
            if (expected(*object)) break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    release();
    thread.join();
    return seen;
}

std::function<bool(const WaitObject&)> in_call(const char* name) {
    return [name](const WaitObject& object) { return object.call == name; };
}

timespec tomorrow() {
    timespec end{};
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 86400;
    return end;
}

// A lock of the program's own that looks like a mutex of libc's with an owner that is no thread.
struct LookAlike {
    std::atomic<int> word{2};
    unsigned depth = 0;
    int slot = 73;
    unsigned users = 1;
    int flags = 0;
    int padding = 0;
    void* hooks[2] = {};
};

long own_futex(std::atomic<int>* word, long operation, long value) {
    return threadfault::arch::call(SYS_futex,
                                   {reinterpret_cast<long>(word), operation, value, 0, 0, 0});
}

TEST(CallEvidence, AnOwnSystemCallIsNoMutex) {
    static LookAlike lock;
    const Seen seen = look_at(
        [] {
            while (lock.word == 2)
                own_futex(&lock.word, FUTEX_WAIT_PRIVATE, 2);
        },
        [] {
            lock.word = 0;
            own_futex(&lock.word, FUTEX_WAKE_PRIVATE, 1);
        },
        [](const WaitObject&) { return true; });
    EXPECT_EQ(seen.by_memory.kind, WaitKind::mutex) << "it doesn't look like one any more";
    EXPECT_EQ(seen.by_call.kind, WaitKind::futex);
    EXPECT_FALSE(seen.by_call.owner_tid);
    EXPECT_EQ(seen.by_call.address, address_of(&lock));
}

// libc's code leaves no frame of sem_wait behind, and a pointer no name.
TEST(CallEvidence, ACallByAPointerIsTold) {
    static sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    static const auto wait = reinterpret_cast<int (*)(sem_t*)>(dlsym(RTLD_DEFAULT, "sem_wait"));
    ASSERT_NE(wait, nullptr);
    const Seen seen =
        look_at([] { wait(&semaphore); }, [] { sem_post(&semaphore); }, in_call("sem_wait"));
    EXPECT_EQ(seen.by_call.call, "sem_wait");
    EXPECT_EQ(seen.by_call.kind, WaitKind::sem);
    EXPECT_EQ(seen.by_call.address, address_of(&semaphore));
}

// After a wait that has timed out the words are not what they were in the beginning.
TEST(CallEvidence, AConditionIsOneAfterATimeOut) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static std::atomic<int> timeouts{0};
    static bool done = false;
    const Seen seen = look_at(
        [] {
            pthread_mutex_lock(&mutex);
            for (; timeouts < 3; ++timeouts) {
                timespec end{};
                clock_gettime(CLOCK_REALTIME, &end);
                pthread_cond_timedwait(&condition, &mutex, &end);
            }
            const timespec end = tomorrow();
            while (!done)
                pthread_cond_timedwait(&condition, &mutex, &end);
            pthread_mutex_unlock(&mutex);
        },
        [] {
            pthread_mutex_lock(&mutex);
            done = true;
            pthread_mutex_unlock(&mutex);
            pthread_cond_signal(&condition);
        },
        [](const WaitObject& object) {
            return timeouts == 3 && object.call == "pthread_cond_timedwait";
        });
    EXPECT_EQ(seen.by_call.kind, WaitKind::cond);
    EXPECT_EQ(seen.by_call.address, address_of(&condition));
    EXPECT_TRUE(seen.by_call.timed);
}

// Taken again after a wait, by the same function.
TEST(CallEvidence, AConditionsMutexIsAMutex) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static std::atomic<bool> waits{false};
    static bool done = false;
    std::atomic<bool> held{false};
    std::atomic<bool> release{false};
    std::thread holder([&] {
        while (!waits)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        pthread_mutex_lock(&mutex);
        done = true;
        pthread_cond_signal(&condition);
        held = true;
        while (!release)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        pthread_mutex_unlock(&mutex);
    });
    const Seen seen = look_at(
        [] {
            pthread_mutex_lock(&mutex);
            waits = true;
            while (!done)
                pthread_cond_wait(&condition, &mutex);
            pthread_mutex_unlock(&mutex);
        },
        [&] { release = true; },
        [&](const WaitObject& object) { return held && object.kind == WaitKind::mutex; });
    holder.join();
    EXPECT_EQ(seen.by_call.kind, WaitKind::mutex);
    EXPECT_EQ(seen.by_call.address, address_of(&mutex));
    EXPECT_EQ(seen.by_call.call, "pthread_cond_wait");
}

TEST(CallEvidence, TheLockOfAStreamHasAnOwner) {
    flockfile(stderr);
    const Seen seen = look_at(
        [] {
            flockfile(stderr);
            funlockfile(stderr);
        },
        [] { funlockfile(stderr); }, in_call("flockfile"));
    EXPECT_EQ(seen.by_call.call, "flockfile");
    EXPECT_EQ(seen.by_call.kind, WaitKind::mutex);
    EXPECT_EQ(seen.by_call.name, "stderr");
    EXPECT_EQ(seen.by_call.owner_tid, gettid());
    EXPECT_FALSE(seen.by_call.owner_dead);
}

TEST(CallEvidence, C11IsToldByItsNames) {
    static mtx_t mutex;
    mtx_init(&mutex, mtx_plain);
    mtx_lock(&mutex);
    const Seen seen = look_at(
        [] {
            if (mtx_lock(&mutex) == thrd_success) mtx_unlock(&mutex);
        },
        [] { mtx_unlock(&mutex); }, in_call("mtx_lock"));
    EXPECT_EQ(seen.by_call.call, "mtx_lock");
    EXPECT_EQ(seen.by_call.kind, WaitKind::mutex);
    EXPECT_EQ(seen.by_call.owner_tid, gettid());
}

}  // namespace
}  // namespace threadfault::observe
