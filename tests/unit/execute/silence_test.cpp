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
constexpr std::int64_t kUnknownTime = -1;

// The same look again and again, one short of `limit`: nothing is decided.
void look_until_before(int limit, Silence* silence, Deafness found, char state) {
    for (int look = 1; look < limit; ++look)
        ASSERT_EQ(silence->judge(found, state, kUnknownTime), Verdict::undecided) << look;
}

TEST(Silence, OneThatHearsIsWaitedFor) {
    Silence silence;
    for (const Deafness found : {Deafness::hears, Deafness::unknown, Deafness::gone}) {
        EXPECT_EQ(silence.judge(found, kAsleep, kUnknownTime), Verdict::hears);
        EXPECT_EQ(silence.judge(found, kRunning, kUnknownTime), Verdict::hears);
        EXPECT_FALSE(silence.is_blocked());
    }
}

TEST(Silence, OneLookProvesNothing) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::undecided);
    EXPECT_TRUE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::deaf);
}

TEST(Silence, ANewbornGetsOneMore) {
    Silence silence;
    look_until_before(Silence::kNewbornLooks, &silence, Deafness::newborn, kAsleep);
    EXPECT_EQ(silence.judge(Deafness::newborn, kAsleep, kUnknownTime), Verdict::deaf);
    EXPECT_GT(Silence::kNewbornLooks, Silence::kBlockedLooks);
}

TEST(Silence, OneThatHearsInBetweenStartsAnew) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::hears, kAsleep, kUnknownTime), Verdict::hears);
    EXPECT_FALSE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::undecided);
}

TEST(Silence, OneThatWaitsForACpuIsGivenMoreTime) {
    Silence silence;
    look_until_before(Silence::kRunningLooks, &silence, Deafness::blocked, kRunning);
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, kUnknownTime), Verdict::deaf);
}

TEST(Silence, OneThatGetsNoCpuIsWaitedFor) {
    constexpr std::int64_t kBefore = 5'000'000;
    Silence silence;
    for (int look = 0; look < 3 * Silence::kRunningLooks; ++look)
        ASSERT_EQ(silence.judge(Deafness::blocked, kRunning, kBefore), Verdict::undecided) << look;
    const std::int64_t enough = kBefore + Silence::kRunNs;
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, enough - 1), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, enough), Verdict::deaf);
}

TEST(Silence, HavingRunAloneProvesNothing) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, 1), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, 1 + Silence::kRunNs), Verdict::undecided);
}

TEST(Silence, TimeOnACpuCountsFromTheFirstOfTheLooks) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, kRunning, 1), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::hears, kRunning, 1), Verdict::hears);
    for (int look = 0; look < 2 * Silence::kRunningLooks; ++look)
        ASSERT_EQ(silence.judge(Deafness::blocked, kRunning, 2 * Silence::kRunNs),
                  Verdict::undecided)
            << look;
}

TEST(Silence, LooksAtARunningOneDoNotCountAsLooksAtASleepingOne) {
    Silence silence;
    look_until_before(4, &silence, Deafness::blocked, kRunning);
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, kAsleep, kUnknownTime), Verdict::deaf);
}

TEST(Silence, AnUninterruptibleSleepIsWaitedForAWhile) {
    Silence silence;
    look_until_before(Silence::kUninterruptibleLooks, &silence, Deafness::hears, kUninterruptible);
    EXPECT_FALSE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::hears, kUninterruptible, kUnknownTime),
              Verdict::uninterruptible);
}

TEST(Silence, AnUninterruptibleSleepThatEndsStartsAnew) {
    Silence silence;
    look_until_before(Silence::kUninterruptibleLooks, &silence, Deafness::hears, kUninterruptible);
    EXPECT_EQ(silence.judge(Deafness::hears, kRunning, kUnknownTime), Verdict::hears);
    EXPECT_EQ(silence.judge(Deafness::hears, kUninterruptible, kUnknownTime), Verdict::undecided);
}

}  // namespace
