#include "drive/programs/ask_helper.hpp"

#include <gtest/gtest.h>

namespace threadfault::drive {
namespace {

TEST(AskHelper, AMissingOneHasNoAnswer) {
    EXPECT_FALSE(ask_helper("threadfault-no-such-helper", {}).has_value());
}

}  // namespace
}  // namespace threadfault::drive
