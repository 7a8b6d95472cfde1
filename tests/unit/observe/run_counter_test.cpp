#include "observe/run_counter.hpp"
#include "support/eventually.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace threadfault::observe {
namespace {

TEST(RunCounter, ReadsWhatTheKernelCounts) {
    EXPECT_EQ((RunCount{4711, 12}), parse_run_count("4711 88 12\n"));
    for (const char* text : {"", "1 2", "x 1 2", "0 0 0\n"})
        EXPECT_EQ(std::nullopt, parse_run_count(text)) << text;
}

TEST(RunCounter, TellsWhetherAThreadHasRun) {
    using namespace std::chrono_literals;
    std::atomic<pid_t> tid{0};
    std::atomic<int> asked{0};
    std::atomic<int> answered{0};
    std::thread other([&] {
        tid = gettid();
        for (int next = 1; next <= 2; ++next) {
            asked.wait(next - 1);
            answered = next;
            answered.notify_one();
        }
    });
    while (tid == 0)
        std::this_thread::yield();
    RunCounter counter(getpid(), tid);
    ASSERT_TRUE(counter);
    if (!counter.read()) {
        asked = 2;
        asked.notify_one();
        other.join();
        GTEST_SKIP() << "this kernel does not count";
    }
    // Until it sleeps: two looks that see the same.
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    std::optional<RunCount> before = counter.read();
    for (;;) {
        std::this_thread::sleep_for(5ms);
        const auto now = counter.read();
        if (now == before || std::chrono::steady_clock::now() > deadline) break;
        before = now;
    }
    asked = 1;
    asked.notify_one();
    answered.wait(0);
    EXPECT_NE(before, counter.read());
    asked = 2;
    asked.notify_one();
    other.join();
    // The kernel wakes whoever joins a thread a moment before it takes the thread off its list.
    EXPECT_TRUE(test::eventually([&] { return !counter.read() && counter.has_ended(); }));
    EXPECT_FALSE(RunCounter(getpid(), 4'000'000));
}

}  // namespace
}  // namespace threadfault::observe
