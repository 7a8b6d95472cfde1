#include "scenario/report/progress.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using threadfault::scenario::ProgressLine;

const std::chrono::steady_clock::time_point kStart{};

TEST(ProgressLine, SaysWhichTestRunsAndForHowLong) {
    ProgressLine progress(20, true);
    EXPECT_EQ(progress.clear(), "") << "nothing to take away";
    EXPECT_EQ(progress.line(3, "loses a worker", 80, kStart + 10s),
              "\r\x1b[K3/20  0 s  loses a worker");
    EXPECT_EQ(progress.line(3, "loses a worker", 80, kStart + 10500ms), "") << "nothing new";
    EXPECT_EQ(progress.line(3, "loses a worker", 80, kStart + 12s),
              "\r\x1b[K3/20  2 s  loses a worker");
    EXPECT_EQ(progress.clear(), "\r\x1b[K");
    EXPECT_EQ(progress.clear(), "");
    EXPECT_EQ(progress.line(4, "next", 80, kStart + 13s), "\r\x1b[K4/20  0 s  next");
}

TEST(ProgressLine, FitsTheTerminal) {
    ProgressLine progress(2, true);
    EXPECT_EQ(progress.line(1,
                            "gr\xc3\xbc\xc3\x9f"
                            "e\x1b[2J",
                            14, kStart),
              "\r\x1b[K1/2  0 s  gr\xc3\xbc");
}

TEST(ProgressLine, IsSilentElsewhere) {
    ProgressLine progress(2, false);
    EXPECT_EQ(progress.line(1, "name", 80, kStart), "");
    EXPECT_EQ(progress.clear(), "");
}

}  // namespace
