// Which calls a short stop disturbs.
#include "observe/stop_effects.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

namespace threadfault::observe {
namespace {

TaskSyscall call(long number, int argument = 0, std::uint64_t value = 0) {
    TaskSyscall made;
    made.number = number;
    made.arguments[argument] = value;
    return made;
}

TEST(StopEffects, DependOnTheTimeLimit) {
    const auto minus_one = static_cast<std::uint64_t>(-1);
    EXPECT_EQ(stop_effect(call(SYS_epoll_pwait, 3, minus_one)), StopEffect::none);
    EXPECT_EQ(stop_effect(call(SYS_epoll_pwait, 3, 0xffffffff)), StopEffect::none);
    EXPECT_EQ(stop_effect(call(SYS_epoll_pwait, 3, 1000)), StopEffect::starts_anew);
    EXPECT_EQ(stop_effect(call(SYS_semtimedop)), StopEffect::none);
    EXPECT_EQ(stop_effect(call(SYS_semtimedop, 3, 0x7ffd0000)), StopEffect::starts_anew);
    EXPECT_EQ(stop_effect(call(SYS_futex, 3, 0x7ffd0000)), StopEffect::none);
}

TEST(StopEffects, ShowWhereAPartIsDone) {
    EXPECT_EQ(stop_effect(call(SYS_write)), StopEffect::shows);
    EXPECT_EQ(stop_effect(call(SYS_io_uring_enter, 1, 0)), StopEffect::none);
    EXPECT_EQ(stop_effect(call(SYS_io_uring_enter, 1, 3)), StopEffect::shows);
    EXPECT_EQ(stop_effect(call(SYS_reboot)), StopEffect::unknown);
}

TEST(StopEffects, SomeCallsAreMadeOnce) {
    EXPECT_TRUE(may_rewind(SYS_epoll_pwait));
    EXPECT_FALSE(may_rewind(SYS_close));
    EXPECT_FALSE(may_rewind(SYS_restart_syscall));
    EXPECT_FALSE(may_rewind(-1));
}

}  // namespace
}  // namespace threadfault::observe
