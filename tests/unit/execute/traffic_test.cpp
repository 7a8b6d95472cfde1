// Many requests at once: nested, mutual, all on all, against races and threads that come and go.
#include "worker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace {

using namespace threadfault::execute;

constexpr int kRounds = kUnderTsan ? 300 : 3000;

std::atomic<long> runs{0};
void count(void*) {
    ++runs;
}

class Traffic : public ::testing::Test {
protected:
    void SetUp() override { runs = 0; }
    void TearDown() override { EXPECT_EQ(slots_in_use(), 0U) << "a slot was lost"; }
};

TEST_F(Traffic, NestedOnOneThread) {
    static constexpr int kLevels = 8;
    struct Nest {
        static void enter(void* argument) {
            const int level = *static_cast<int*>(argument);
            ++runs;
            if (level == kLevels) return;
            int next = level + 1;
            if (tf_execute_on_tid(sys_gettid(), enter, &next, &kAmpleTime) != 0) runs = -1000;
        }
    };
    Worker worker;
    int level = 1;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), Nest::enter, &level, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(runs, kLevels);
    // One deeper is not possible; it is told, and does not hang.
    static std::atomic<int> innermost;
    innermost = -1;
    struct Bottomless {
        static void enter(void*) {
            const int result = tf_execute_on_tid(sys_gettid(), enter, nullptr, &kAmpleTime);
            if (innermost == -1) innermost = result;
        }
    };
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), Bottomless::enter, nullptr, &kAmpleTime),
              TF_EXECUTE_DONE);
    EXPECT_EQ(innermost, TF_EXECUTE_SIGNAL_BLOCKED);
}

TEST_F(Traffic, InsideAnotherSignalsHandler) {
    static std::atomic<pid_t> other;
    static std::atomic<int> result;
    result = -1;
    struct sigaction action {};
    action.sa_handler = [](int) { result = tf_execute_on_tid(other, count, nullptr, &kAmpleTime); };
    ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
    Worker worker;
    Worker bystander;
    other = bystander.tid();
    ASSERT_EQ(sys_tgkill(sys_getpid(), worker.tid(), SIGUSR1), 0);
    ASSERT_TRUE(eventually([] { return result >= 0; }));
    EXPECT_EQ(result, TF_EXECUTE_DONE);
    EXPECT_EQ(runs, 1);
}

// Each waits for the other: the waiting thread must answer.
TEST_F(Traffic, AOnBWhileBOnA) {
    std::array<std::atomic<pid_t>, 2> tids{};
    std::array<std::atomic<int>, 2> done{};
    const auto ask_other = [&](int self) {
        return [&, self](Worker&) {
            tids[self] = sys_gettid();
            while (tids[1 - self] == 0)
                nap();
            for (int i = 0; i < kRounds; ++i) {
                const int result = tf_execute_on_tid(tids[1 - self], count, nullptr, nullptr);
                if (result == TF_EXECUTE_DONE) ++done[self];
            }
        };
    };
    Worker a(ask_other(0));
    Worker b(ask_other(1));
    EXPECT_TRUE(eventually([&] { return done[0] == kRounds && done[1] == kRounds; }))
        << done[0] << " and " << done[1];
    EXPECT_EQ(runs, 2 * kRounds);
}

// The function on B waits for a function on A, which waits for the first.
TEST_F(Traffic, ThereAndBack) {
    static std::atomic<pid_t> home;
    home = sys_gettid();
    Worker worker;
    for (int i = 0; i < kRounds / 10; ++i) {
        const auto back = [](void*) { tf_execute_on_tid(home, count, nullptr, nullptr); };
        ASSERT_EQ(tf_execute_on_tid(worker.tid(), back, nullptr, nullptr), TF_EXECUTE_DONE);
    }
    EXPECT_EQ(runs, kRounds / 10);
}

TEST_F(Traffic, AllOnAllWhileThreadsComeAndGo) {
    constexpr int kThreads = 8;
    constexpr int kEach = kRounds / 3;
    std::array<std::atomic<pid_t>, kThreads> tids{};
    std::atomic<int> finished{0};
    std::atomic<long> done{0};
    std::atomic<int> strange{-1};
    std::vector<std::unique_ptr<Worker>> workers;
    for (int self = 0; self < kThreads; ++self) {
        workers.push_back(std::make_unique<Worker>([&, self](Worker&) {
            tids[self] = sys_gettid();
            for (int i = 0; i < kEach; ++i) {
                const pid_t tid = tids[(self + i) % kThreads];
                if (tid == 0) continue;
                const int result = tf_execute_on_tid(tid, count, nullptr, nullptr);
                if (result == TF_EXECUTE_DONE) {
                    ++done;
                } else {
                    strange = result;
                }
            }
            ++finished;
        }));
    }
    // Churn: threads that live for one request, or die before it or in it.
    int churned = 0;
    const auto ends = [](int result) {
        return result == TF_EXECUTE_DONE || result == TF_EXECUTE_NO_THREAD ||
               result == TF_EXECUTE_THREAD_ENDED || result == TF_EXECUTE_ENDED_INSIDE ||
               result == TF_EXECUTE_SIGNAL_BLOCKED;
    };
    EXPECT_TRUE(eventually([&] {
        Worker brief([](Worker& self) { self.stop(); });
        const int result = tf_execute_on_tid(
            brief.tid(), [](void*) {}, nullptr, nullptr);
        EXPECT_TRUE(ends(result)) << tf_execute_result_text(result);
        ++churned;
        return finished == kThreads;
    }));
    EXPECT_GT(churned, 0);
    EXPECT_EQ(strange, -1) << tf_execute_result_text(strange);
    EXPECT_EQ(runs, done) << "as often as was said";
}

// Lowers the timeout after each success and raises it after each miss, so that the run stays on the
// race between claiming and revoking: what is said to have run has run, and nothing else.
TEST_F(Traffic, RaceOfClaimAndRevocation) {
    Worker worker;
    std::int64_t timeout_ns = 20'000;
    long done = 0;
    long not_finished = 0;
    for (int i = 0; i < kRounds; ++i) {
        const timespec timeout{0, timeout_ns};
        switch (tf_execute_on_tid(worker.tid(), count, nullptr, &timeout)) {
            case TF_EXECUTE_DONE:
                ++done;
                timeout_ns = timeout_ns > 2000 ? timeout_ns - 1000 : 1000;
                break;
            case TF_EXECUTE_NOT_FINISHED:
                ++not_finished;
                [[fallthrough]];
            case TF_EXECUTE_NOT_STARTED:
                timeout_ns += 1000;
                break;
            default:
                FAIL();
        }
    }
    EXPECT_TRUE(eventually([] { return slots_in_use() == 0; }));
    EXPECT_EQ(runs, done + not_finished);
}

}  // namespace
