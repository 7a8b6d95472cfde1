// The judgement of a thread that does not answer, look by look.
#include "execute/silence.hpp"

#include <gtest/gtest.h>

namespace {

using threadfault::execute::Deafness;
using threadfault::execute::Silence;
using Verdict = Silence::Verdict;

constexpr char kRunning = 'R';
constexpr char kAsleep = 'S';
constexpr char kUninterruptible = 'D';

// The same look again and again, one short of `limit`: nothing is decided.
void look_until_before(int limit, Silence* silence, Deafness found, char state) {
    for (int look = 1; look < limit; ++look)
        ASSERT_EQ(silence->judge(found, state), Verdict::undecided) << look;
}

TEST(Silence, OneThatHearsIsWaitedFor) {
    Silence silence;
    for (const Deafness found : {Deafness::hears, Deafness::unknown, Deafness::gone}) {
        EXPECT_EQ(silence.judge(found, kAsleep), Verdict::hears);
        EXPECT_EQ(silence.judge(found, kRunning), Verdict::hears);
        EXPECT_FALSE(silence.is_blocked());
    }
}

TEST(Silence, OneLookProvesNothing) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::undecided);
    EXPECT_TRUE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::deaf);
}

TEST(Silence, ANewbornGetsOneMore) {
    Silence silence;
    look_until_before(Silence::kNewbornLooks, &silence, Deafness::newborn, kAsleep);
    EXPECT_EQ(silence.judge(Deafness::newborn, kAsleep), Verdict::deaf);
    EXPECT_GT(Silence::kNewbornLooks, Silence::kBlockedLooks);
}

TEST(Silence, OneThatHearsInBetweenStartsAnew) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::hears, kAsleep), Verdict::hears);
    EXPECT_FALSE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::undecided);
}

TEST(Silence, OneThatWaitsForACpuIsGivenMoreTime) {
    Silence silence;
    look_until_before(Silence::kRunningLooks, &silence, Deafness::blocked, kRunning);
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning), Verdict::deaf);
}

TEST(Silence, LooksAtARunningOneDoNotCountAsLooksAtASleepingOne) {
    Silence silence;
    look_until_before(4, &silence, Deafness::blocked, kRunning);
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep), Verdict::deaf);
}

TEST(Silence, AnUninterruptibleSleepIsWaitedForAWhile) {
    Silence silence;
    look_until_before(Silence::kUninterruptibleLooks, &silence, Deafness::hears, kUninterruptible);
    EXPECT_FALSE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::hears, kUninterruptible), Verdict::uninterruptible);
}

TEST(Silence, AnUninterruptibleSleepThatEndsStartsAnew) {
    Silence silence;
    look_until_before(Silence::kUninterruptibleLooks, &silence, Deafness::hears, kUninterruptible);
    EXPECT_EQ(silence.judge(Deafness::hears, kRunning), Verdict::hears);
    EXPECT_EQ(silence.judge(Deafness::hears, kUninterruptible), Verdict::undecided);
}

}  // namespace
