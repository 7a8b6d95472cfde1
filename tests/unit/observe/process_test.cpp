#include "observe/process.hpp"
#include "support/eventually.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace threadfault::observe {
namespace {

TEST(Process, KnowsItself) {
    const Process self(getpid());
    EXPECT_TRUE(self.alive());
    EXPECT_NE(std::string::npos, self.command().find("observe_test"));
    const auto stat = self.stat(getpid());
    ASSERT_TRUE(stat);
    EXPECT_EQ('R', stat->state);
    EXPECT_EQ(getpid(), self.process_status().tgid);
    EXPECT_EQ(geteuid(), self.status_at_opening().effective_uid);
    EXPECT_FALSE(self.thread_ended(getpid(), stat->start_ticks));
    EXPECT_TRUE(self.thread_ended(getpid(), stat->start_ticks + 1));
}

TEST(Process, RefusesWhatIsNone) {
    for (const pid_t pid : {0, -1, 4'000'000}) {
        try {
            const Process process(pid);
            FAIL() << pid;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), threadfault::ErrorCode::no_such_process);
        }
    }
}

TEST(Process, ATidOfAnotherThreadIsNoPid) {
    std::atomic<pid_t> tid{0};
    std::atomic<bool> stop{false};
    std::thread other([&] {
        tid = gettid();
        while (!stop)
            std::this_thread::yield();
    });
    while (tid == 0)
        std::this_thread::yield();
    try {
        const Process process(tid);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_NE(std::string::npos, error.advice().find(std::to_string(getpid())))
            << error.advice();
    }
    stop = true;
    other.join();
}

TEST(Process, ListsThreadsWithTheirNames) {
    std::atomic<bool> stop{false};
    std::atomic<pid_t> tid{0};
    std::thread other([&] {
        pthread_setname_np(pthread_self(), "a (b) c");
        tid = gettid();
        while (!stop)
            std::this_thread::yield();
    });
    while (tid == 0)
        std::this_thread::yield();
    const Process self(getpid());
    const auto tids = self.tids();
    EXPECT_NE(tids.end(), std::find(tids.begin(), tids.end(), tid.load()));
    EXPECT_EQ("a (b) c", self.stat(tid)->name);
    EXPECT_EQ("a (b) c", self.name(tid));
    stop = true;
    other.join();
    // The kernel wakes whoever joins a thread a moment before it takes the thread off its list.
    EXPECT_TRUE(test::eventually([&] { return self.thread_ended(tid) && !self.stat(tid); }));
}

// Threads come and go while they are read: nothing but whole answers, or none.
TEST(Process, IsReadWhileItsThreadsEnd) {
    std::atomic<bool> stop{false};
    std::thread churn([&] {
        while (!stop)
            std::thread([] {}).join();
    });
    const Process self(getpid());
    for (int i = 0; i < 300; ++i) {
        const auto threads = self.snapshot();
        EXPECT_GE(threads.size(), 2U);
        EXPECT_TRUE(std::any_of(threads.begin(), threads.end(),
                                [](const TaskStat& stat) { return stat.tid == getpid(); }));
    }
    stop = true;
    churn.join();
}

TEST(Process, SeesADeadChild) {
    const pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    const Process child(pid);
    EXPECT_TRUE(child.alive());
    kill(pid, SIGKILL);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    EXPECT_FALSE(child.alive());
    EXPECT_TRUE(child.thread_ended(pid));
    waitpid(pid, nullptr, 0);
    EXPECT_FALSE(child.alive());
}

}  // namespace
}  // namespace threadfault::observe
