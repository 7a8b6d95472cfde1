// A cancellation is what another thread's pthread_cancel is: clean-up code may pass cancellation
// points itself.
#include "support/eventually.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace threadfault::test {
namespace {

class Cancelled : public testing::TestWithParam<const char*> {};

TEST_P(Cancelled, CleanUpThatPrintsRunsToItsEnd) {
    Target target({TARGET_CLEANUP});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    for (const std::string name : {"epoll", "sleep", "cond"}) {
        ASSERT_TRUE(eventually([&] {
            return target.command("kill", {"name=" + name, "--dry-run"}).exit_code == 0;
        })) << name;
        const CliResult kill =
            target.command("kill", {"name=" + name, "--how", GetParam(), "--wait", "10s"});
        EXPECT_EQ(kill.exit_code, 0) << kill;
        EXPECT_EQ(kill.text("outcome"), "ended") << kill;
        EXPECT_EQ(target.process().read_until("destroyed " + name), "destroyed " + name);
    }
    // As under pthread_cancel: no call of the victim's returns before.
    EXPECT_EQ(target.process().output().find("interrupted"), std::string::npos)
        << target.process().output();
}

INSTANTIATE_TEST_SUITE_P(By, Cancelled, testing::Values("cancel", "async-cancel", "exit"),
                         [](const auto& how) {
                             std::string name = how.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace threadfault::test
