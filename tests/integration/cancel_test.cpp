// A cancellation is what another thread's pthread_cancel is: clean-up code may pass cancellation
// points itself.
#include "support/eventually.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
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

// The command waits for the agent's answer, and no longer for anything short.
bool waits_long(pid_t command) {
    constexpr long kPoll = 7;
    std::ifstream file("/proc/" + std::to_string(command) + "/syscall");
    long number = -1;
    unsigned long files = 0, count = 0, timeout = 0;
    file >> number >> std::hex >> files >> count >> timeout;
    return file && number == kPoll && timeout > 20'000;
}

// It is its end that is reported, not the one that was asked for.
TEST(CancelledTooLate, IsToldAsAnEndOfItsOwn) {
    Target target({TARGET_JOINER, "own"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    Process kill(cli_command(
        {"kill", target.pid_text(), "name=worker", "--how", "cancel", "--wait", "30s"}));
    ASSERT_TRUE(eventually([&] { return waits_long(kill.pid()); })) << kill.errors();
    target.process().write("\n");
    const auto end = kill.wait();
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->status(), 3) << kill.output();
    EXPECT_NE(kill.errors().find("ended on its own"), std::string::npos) << kill.errors();
    EXPECT_EQ(kill.output().find("ended by cancel"), std::string::npos) << kill.output();
}

}  // namespace
}  // namespace threadfault::test
