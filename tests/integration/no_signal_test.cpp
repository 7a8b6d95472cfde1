// Programs that leave threadfault no real-time signal: said so, with what to do, and unharmed.
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {
namespace {

constexpr char kCause[] = "has a handler of the program's own";

bool says(const CliResult& result, const std::string& words) {
    return (result.out + result.err).find(words) != std::string::npos;
}

TEST(NoSignal, IsNamedByDoctorAndByWhatNeedsTheAgent) {
    Target target({TARGET_ALL_SIGNALS, "early"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    const CliResult doctor = run_cli({"doctor", target.pid_text()});
    EXPECT_EQ(doctor.exit_code, 4) << doctor;
    EXPECT_TRUE(says(doctor, kCause)) << doctor;
    EXPECT_TRUE(says(doctor, "must leave one real-time signal unused")) << doctor;
    const CliResult kill = run_cli({"kill", target.pid_text(), "name=victim"});
    EXPECT_EQ(kill.exit_code, 4) << kill;
    EXPECT_TRUE(says(kill, kCause)) << kill;
    target.process().close_input();
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit.has_value());
    EXPECT_EQ(exit->status(), 0);
}

// The hint is good: with what it says there is an agent.
TEST(NoSignal, ButForOneIsEnoughWhereItIsNamed) {
    Target target({TARGET_ALL_SIGNALS, "early", "34"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    const CliResult doctor = run_cli({"doctor", target.pid_text()});
    EXPECT_EQ(doctor.exit_code, 4) << doctor;
    EXPECT_TRUE(says(doctor, "THREADFAULT_SIGNAL=34")) << doctor;

    Target helped({TARGET_ALL_SIGNALS, "early", "34"},
                  {.environment = {{"THREADFAULT_SIGNAL", "34"}}});
    ASSERT_EQ(helped.process().read_until("ready"), "ready") << helped.process().errors();
    ASSERT_TRUE(helped.ready());
    const CliResult kill = helped.command("kill", {"name=victim", "--how", "exit"});
    EXPECT_EQ(kill.exit_code, 0) << kill;
}

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
