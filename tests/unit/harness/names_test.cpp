#include "harness/installation.hpp"
#include "threadfault/target.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace threadfault {
namespace {

TEST(Names, AreThoseOfTheCommandLine) {
    for (const How how : {How::cancel, How::async_cancel, How::exit, How::vanish})
        EXPECT_EQ(parse_how(to_string(how)), how);
    EXPECT_EQ(to_string(How::async_cancel), "async-cancel");
    EXPECT_EQ(parse_how("murder"), std::nullopt);
    EXPECT_EQ(to_string(Outcome::target_died), "target-died");
    EXPECT_EQ(to_string(Progress::stuck), "stuck");
}

TEST(Names, HowAProcessEnded) {
    EXPECT_EQ(Exit{.code = 3}.text(), "exited with code 3");
    EXPECT_EQ(Exit{.signal = 6}.text(), "was ended by SIGABRT");
    EXPECT_EQ(Exit{}.text(), "ended");
}

TEST(Installation, TheEnvironmentWins) {
    setenv("THREADFAULT_COMMAND", "/there/threadfault", 1);
    EXPECT_EQ(target::find_command(), "/there/threadfault");
    setenv("THREADFAULT_SHIM", "/nowhere/libthreadfault_preload.so", 1);
    try {
        target::find_shim("", true);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("/nowhere/libthreadfault_points.so"),
                  std::string::npos)
            << error.what();
    }
    unsetenv("THREADFAULT_COMMAND");
    unsetenv("THREADFAULT_SHIM");
}

}  // namespace
}  // namespace threadfault
