#include "drive/programs/run_program.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;

constexpr auto kLong = 1min;

TEST(RunProgram, GivesTheInputAndCollectsTheOutput) {
    // More than a pipe holds, in both directions.
    const std::string input(1 << 20, 'x');
    const Ran ran = run_program("cat", {}, input, kLong);
    EXPECT_TRUE(ran.started && ran.succeeded);
    EXPECT_EQ(ran.output, input);
}

TEST(RunProgram, OneThatReadsNothingIsNoTrouble) {
    const Ran ran = run_program("true", {}, std::string(1 << 20, 'x'), kLong);
    EXPECT_TRUE(ran.succeeded);
    EXPECT_EQ(ran.output, "");
}

TEST(RunProgram, TellsWhatIsMissingFromWhatFails) {
    EXPECT_FALSE(run_program("threadfault-no-such-program", {}, {}, kLong).started);
    const Ran failed = run_program("/bin/sh", {"-c", "echo half; exit 3"}, {}, kLong);
    EXPECT_TRUE(failed.started);
    EXPECT_FALSE(failed.succeeded);
    EXPECT_EQ(failed.output, "half\n");
    EXPECT_FALSE(run_program("/bin/sh", {"-c", "kill -9 $$"}, {}, kLong).succeeded);
}

TEST(RunProgram, PatienceEnds) {
    const auto begin = std::chrono::steady_clock::now();
    const Ran ran = run_program("/bin/sh", {"-c", "echo first; exec sleep 300"}, {}, 300ms);
    EXPECT_TRUE(ran.started);
    EXPECT_FALSE(ran.succeeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 200s) << "it was waited for";
}

TEST(AskHelper, AMissingOneHasNoAnswer) {
    EXPECT_FALSE(ask_helper("threadfault-no-such-helper", {}).has_value());
}

}  // namespace
}  // namespace threadfault::drive
