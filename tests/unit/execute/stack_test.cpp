// Signals that come in crowds must not use up a thread's stack: each takes a frame of some KiB.
#include "execute/handler_scope.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <sched.h>

#include <algorithm>
#include <vector>

namespace {

using namespace threadfault::execute;

constexpr std::size_t kSmallStack = kUnderTsan ? 512 * 1024 : 64 * 1024;
constexpr int kCrowd = kUnderTsan ? 2000 : 300;

std::atomic<int> runs{0};
void count(void*) {
    ++runs;
}

class Stack : public ::testing::Test {
protected:
    void SetUp() override {
        // The first request opens the session.
        ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
        runs = 0;
    }
};

TEST_F(Stack, StaleSignalsComeOneAfterTheOther) {
    DeafWorker worker(~(3ULL << 31), kSmallStack);
    for (int i = 0; i < kCrowd; ++i) {
        Ticket ticket;
        ASSERT_EQ(post_plain(sys_getpid(), worker.tid(), count, nullptr, &ticket), Post::posted);
        ASSERT_TRUE(revoke(ticket));
    }
    worker.hear();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(slots_in_use(), 0U);
}

TEST_F(Stack, LiveRequestsNestOnlySoDeep) {
    DeafWorker worker(~(3ULL << 31), kSmallStack);
    std::vector<Ticket> tickets(kCrowd);
    for (Ticket& ticket : tickets) {
        ASSERT_EQ(post_plain(sys_getpid(), worker.tid(), count, nullptr, &ticket), Post::posted);
    }
    worker.hear();
    const std::int64_t deadline = monotonic_ns() + 20 * kNanosecondsPerSecond;
    EXPECT_EQ(wait_all(tickets.data(), kCrowd, deadline), 0U);
    EXPECT_EQ(runs, kCrowd);
    for (const Ticket ticket : tickets)
        release(ticket);
}

// Every request comes in while the handler of the one before is still ending, as it does when the
// requester has the higher priority on the one CPU of both.
TEST_F(Stack, RequestsOnTheHeelsOfAnotherDoNotPileUp) {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    Worker worker({}, kSmallStack);
    sched_param priority{};
    priority.sched_priority = 1;
    const bool preempts = sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    static std::atomic<int> deepest{0};
    const auto note_depth = [](void*) { deepest = std::max(deepest.load(), handler_depth); };
    int done = 0;
    for (int i = 0; i < kCrowd; ++i) {
        done += tf_execute_on_tid(worker.tid(), note_depth, nullptr, &kAmpleTime) == 0 ? 1 : 0;
    }
    priority.sched_priority = 0;
    sched_setscheduler(0, SCHED_OTHER, &priority);
    sched_setaffinity(0, sizeof before, &before);
    EXPECT_EQ(done, kCrowd);
    EXPECT_LE(deepest, 2);  // the one that ends, and the next
    if (!preempts) GTEST_SKIP() << "no right to a real-time priority: the race was left to chance";
}

}  // namespace
