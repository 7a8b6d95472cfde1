// Programs that leave threadfault no real-time signal are unharmed.
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {
namespace {

// The agent is there, its signal is the program's by now.
TEST(NoSignal, TakenLateIsTheReason) {
    Target target({TARGET_ALL_SIGNALS, "late"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const CliResult kill = target.command("kill", {"name=victim", "--how", "exit"});
    EXPECT_EQ(kill.exit_code, 6) << kill;
    EXPECT_TRUE(kill.text("reason").starts_with("signal-taken")) << kill;
    target.process().close_input();
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit.has_value()) << "it ends as without the shim";
    EXPECT_EQ(exit->status(), 0);
}

}  // namespace
}  // namespace threadfault::test
