// What the program is told about our signals in its mask.
#include "preload/base/signals.hpp"
#include "preload/faults/installation.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <thread>

namespace threadfault::shim {
namespace {

class Believed : public testing::Test {
protected:
    static void SetUpTestSuite() {
        choose_reserved_signals();
        begin_to_reserve();
    }
    void SetUp() override { before_ = kernel_mask(); }
    void TearDown() override { set_kernel_mask(before_); }

    Mask before_ = 0;
    const Mask ours_ = reserved_mask();
    static constexpr Mask kEverything = ~Mask{0};
};

TEST_F(Believed, TwoSignalsAreReserved) {
    EXPECT_NE(0, reserved_signal(0));
    EXPECT_NE(0, reserved_signal(1));
    EXPECT_NE(reserved_signal(0), reserved_signal(1));
    EXPECT_TRUE(is_reserved(reserved_signal(0)));
    EXPECT_FALSE(is_reserved(SIGUSR1));
    EXPECT_FALSE(is_reserved(0));
    EXPECT_FALSE(is_reserved(65));
}

TEST_F(Believed, AFullMaskHoldsOurs) {
    EXPECT_EQ(kEverything, believed_mask(kEverything & ~ours_));
    EXPECT_EQ(Mask{0}, believed_mask(0));
    EXPECT_EQ(bit_of(SIGUSR1), believed_mask(bit_of(SIGUSR1)));
}

TEST_F(Believed, AMaskThatNamesOursAloneIsRemembered) {
    const Mask kernel = bit_of(SIGHUP);
    remember_belief(kernel, kernel | ours_);
    EXPECT_EQ(kernel | ours_, believed_mask(kernel));
    // Another mask, from a handler or a jump: what was remembered does not belong to it.
    EXPECT_EQ(bit_of(SIGINT), believed_mask(bit_of(SIGINT)));
    remember_belief(kernel, kernel);
    EXPECT_EQ(kernel, believed_mask(kernel));
}

TEST_F(Believed, AMaskOfAllButOursIsRemembered) {
    const Mask kernel = kEverything & ~ours_;
    remember_belief(kernel, kernel);
    EXPECT_EQ(kernel, believed_mask(kernel));
    remember_belief(kernel, kEverything);
    EXPECT_EQ(kEverything, believed_mask(kernel));
}

TEST_F(Believed, IsEachThreadsOwn) {
    const Mask kernel = bit_of(SIGHUP);
    remember_belief(kernel, kernel | ours_);
    const Belief mine = belief();
    std::thread([&] {
        EXPECT_EQ(kernel, believed_mask(kernel));
        inherit_belief(mine);
        EXPECT_EQ(kernel | ours_, believed_mask(kernel));
    }).join();
    remember_belief(kernel, kernel);
}

TEST_F(Believed, ATakenSignalIsReplaced) {
    const int taken = reserved_signal(1);
    signal_taken(taken);
    EXPECT_FALSE(is_reserved(taken));
    EXPECT_NE(0, reserved_signal(1));
    EXPECT_NE(reserved_signal(0), reserved_signal(1));
    EXPECT_EQ(Mask{0}, kernel_mask() & reserved_mask());
}

}  // namespace
}  // namespace threadfault::shim
