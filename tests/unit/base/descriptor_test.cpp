#include "base/descriptor.hpp"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace threadfault::base {
namespace {

bool is_open(int number) {
    return fcntl(number, F_GETFD) >= 0;
}

TEST(Descriptor, IsClosedOnceWithItsLastOwner) {
    int number = -1;
    {
        Descriptor first(open("/dev/null", O_RDONLY | O_CLOEXEC));
        ASSERT_TRUE(first);
        number = first.get();
        Descriptor second(std::move(first));
        EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is asked
        EXPECT_EQ(second.get(), number);
        Descriptor third;
        third = std::move(second);
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, WhatIsReleasedStaysOpen) {
    int number = -1;
    {
        Descriptor owner(open("/dev/null", O_RDONLY | O_CLOEXEC));
        number = owner.release();
        EXPECT_FALSE(owner);
    }
    EXPECT_TRUE(is_open(number));
    close(number);
}

TEST(Descriptor, ClosingLeavesErrnoAlone) {
    Descriptor bad(1'000'000);  // nobody's: close(2) fails
    errno = ENOENT;
    bad.reset();
    EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace threadfault::base
