// Nothing of a target is left, however the test program ends.
#include "support/process.hpp"
#include "target_family.hpp"

#include <gtest/gtest.h>
#include <signal.h>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;

class TargetEnd : public testing::TestWithParam<const char*> {};

TEST_P(TargetEnd, LeavingTheScope) {
    const Family family(GetParam());
    {
        const Target target = family.launch({.grace = 100ms});
        EXPECT_GT(family.living(), 0);
    }
    EXPECT_EQ(family.living(), 0);
}

TEST_P(TargetEnd, KillOfTheTestProgram) {
    const Family family(GetParam());
    std::vector<std::string> command = {TARGET_LAUNCHER, "wait"};
    command.insert(command.end(), family.command().begin(), family.command().end());
    Process program(command);
    ASSERT_TRUE(program.read_until("launched")) << program.errors();
    EXPECT_GT(family.living(), 0);
    program.send_signal(SIGKILL);
    EXPECT_TRUE(family.vanishes());
}

INSTANTIATE_TEST_SUITE_P(Families, TargetEnd,
                         testing::Values("quiet", "stubborn", "daemons", "deserter", "hopper",
                                         "polite", "headless"),
                         [](const auto& info) { return std::string(info.param); });

class TestProgramEnd : public testing::TestWithParam<const char*> {};

TEST_P(TestProgramEnd, EndsTheTarget) {
    const Family family("daemons");
    std::vector<std::string> command = {TARGET_LAUNCHER, GetParam()};
    command.insert(command.end(), family.command().begin(), family.command().end());
    Process program(command);
    ASSERT_TRUE(program.read_until("launched")) << program.errors();
    // Ctrl-C; it comes too late where the program ends by itself.
    program.send_signal(SIGINT);
    ASSERT_TRUE(program.wait(kLong));
    EXPECT_TRUE(family.vanishes());
}

INSTANTIATE_TEST_SUITE_P(Ends, TestProgramEnd, testing::Values("wait", "throw", "exit", "fork"),
                         [](const auto& info) { return std::string(info.param); });

TEST(TargetEnd, AnExceptionLeavesNothing) {
    const Family family("stubborn");
    EXPECT_THROW(
        {
            const Target target = family.launch({.grace = 10ms});
            target.wait_for_thread("name=nobody", 0s);
        },
        Error);
    EXPECT_EQ(family.living(), 0);
}

TEST(TargetEnd, TheTargetMayEndItselfInOrder) {
    const Family family("polite");
    Target target = family.launch({.grace = kLong});
    const auto exit = target.terminate();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 3);
    EXPECT_EQ(target.output(), "ready\nbye\n");
}

TEST(TargetEnd, AStubbornTargetIsKilled) {
    const Family family("stubborn");
    Target target = family.launch({.grace = 50ms});
    const auto exit = target.terminate();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, SIGKILL);
    EXPECT_EQ(exit->text(), "was ended by SIGKILL");
    EXPECT_FALSE(target.alive());
}

TEST(TargetEnd, AStoppedTargetTakesTheSignal) {
    const Family family("polite");
    Target target = family.launch({.grace = kLong});
    kill(target.pid(), SIGSTOP);
    EXPECT_EQ(target.terminate()->code, 3);
}

TEST(TargetEnd, DaemonsOutliveTheTargetAsLongAsItIsInScope) {
    const Family family("deserter");
    {
        const Target target = Target::launch(family.command(), {.grace = 10ms});
        EXPECT_EQ(target.wait_exit(kLong)->code, 7);
        EXPECT_FALSE(target.alive());
        EXPECT_EQ(family.living(), 2);
    }
    EXPECT_EQ(family.living(), 0);
}

TEST(TargetEnd, AnAttachedTargetLivesOn) {
    const Family family("locks");
    const Target launched = family.launch();
    {
        const Target attached = Target::attach_to(launched.pid());
        EXPECT_EQ(attached.pid(), launched.pid());
        EXPECT_TRUE(attached.alive());
    }
    EXPECT_TRUE(launched.alive());
}

TEST(TargetEnd, AMovedTargetIsEndedOnce) {
    const Family family("quiet");
    Target kept = family.launch({.grace = 10ms});
    {
        Target other = std::move(kept);
        kept = std::move(other);
    }
    EXPECT_TRUE(kept.alive());
    kept = family.launch({.grace = 10ms});
    EXPECT_EQ(family.living(), 1);
}

}  // namespace
}  // namespace threadfault::test
