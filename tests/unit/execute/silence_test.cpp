// The judgement of a thread that does not answer, look by look.
#include "execute/silence.hpp"
#include "execute/syscalls.hpp"

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace threadfault::execute;
using Verdict = Silence::Verdict;

// A watch that has looked at this thread, which runs.
DeathWatch running_watch() {
    DeathWatch watch(::getpid(), static_cast<pid_t>(::syscall(SYS_gettid)), monotonic_ns());
    EXPECT_FALSE(watch.has_ended());
    EXPECT_TRUE(watch.was_running());
    return watch;
}

// A watch that has not looked yet: neither running nor uninterruptible.
DeathWatch sleeping_watch() {
    return DeathWatch(0, 0, 0);
}

TEST(Silence, OneLookProvesNothing) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::undecided);
    EXPECT_TRUE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::deaf);
}

TEST(Silence, ANewbornGetsOneMore) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::newborn, sleeping_watch()), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::newborn, sleeping_watch()), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::newborn, sleeping_watch()), Verdict::deaf);
}

TEST(Silence, OneThatHearsInBetweenStartsAnew) {
    Silence silence;
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::hears, sleeping_watch()), Verdict::hears);
    EXPECT_FALSE(silence.is_blocked());
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::undecided);
}

TEST(Silence, OneThatWaitsForACpuIsGivenMoreTime) {
    Silence silence;
    const DeathWatch watch = running_watch();
    for (int look = 1; look < Silence::kRunningLooks; ++look)
        ASSERT_EQ(silence.judge(Deafness::blocked, watch), Verdict::undecided) << look;
    EXPECT_EQ(silence.judge(Deafness::blocked, watch), Verdict::deaf);
}

TEST(Silence, LooksAtARunningOneDoNotCountAsLooksAtASleepingOne) {
    Silence silence;
    const DeathWatch watch = running_watch();
    for (int look = 0; look < 3; ++look)
        ASSERT_EQ(silence.judge(Deafness::blocked, watch), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::undecided);
    EXPECT_EQ(silence.judge(Deafness::blocked, sleeping_watch()), Verdict::deaf);
}

}  // namespace
