// A victim that vanishes with one of libc's own locks held: the agent must still answer and act.
#include "victim.hpp"

#include <algorithm>
#include <ostream>

namespace threadfault::test {
namespace {

class WorstVictim : public testing::TestWithParam<const char*> {};

TEST_P(WorstVictim, LeavesTheAgentAnswering) {
    Victim victim(GetParam());
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const CliResult first = victim.kill("vanish", "20s", true);
    ASSERT_EQ(first.exit_code, 0) << first;
    ASSERT_FALSE(victim.lives());

    const std::vector<std::string> names = victim.target().thread_names();
    EXPECT_EQ(std::count(names.begin(), names.end(), "victim"), 0);
    EXPECT_EQ(std::count(names.begin(), names.end(), "bystander"), 2);
    EXPECT_TRUE(victim.bystanders_progress());

    const CliResult second = victim.target().command(
        "kill", {"name=bystander", "--first", "--how", "cancel", "--wait", "20s"});
    EXPECT_EQ(second.exit_code, 0) << second;
    const CliResult third =
        victim.target().command("kill", {"name=bystander", "--how", "vanish", "--wait", "20s"});
    EXPECT_EQ(third.exit_code, 0) << third;
    const std::vector<std::string> left = victim.target().thread_names();
    EXPECT_EQ(std::count(left.begin(), left.end(), "bystander"), 0);
}

INSTANTIATE_TEST_SUITE_P(Integration, WorstVictim,
                         testing::Values("allocator_lock", "loader_callback", "loader_constructor",
                                         "stdout_lock"),
                         [](const auto& info) { return std::string(info.param); });

// The same victims without --anywhere: the tool makes no deadlock that the program could not have.
struct Place {
    const char* situation;
    const char* place;
};

std::ostream& operator<<(std::ostream& stream, const Place& place) {
    return stream << place.situation;
}

class SafePoint : public testing::TestWithParam<Place> {};

TEST_P(SafePoint, IsNotInsideLibc) {
    Victim victim(GetParam().situation);
    ASSERT_NO_FATAL_FAILURE(victim.await());
    // On a busy machine it may not have got a CPU by then, and says nothing of where it is.
    CliResult result;
    EXPECT_TRUE(eventually([&] {
        result = victim.kill("vanish", "300ms");
        return !result.text("reason").starts_with("timed-out");
    })) << result;
    EXPECT_EQ(result.exit_code, 6) << result;
    EXPECT_TRUE(result.text("reason").starts_with("no-safe-point")) << result;
    EXPECT_NE(result.text("reason").find(GetParam().place), std::string::npos) << result;
    EXPECT_EQ(result.text("outcome"), "refused") << result;
    EXPECT_TRUE(victim.lives());
    EXPECT_TRUE(victim.bystanders_progress());
}

INSTANTIATE_TEST_SUITE_P(Integration, SafePoint,
                         testing::Values(Place{"allocator_lock", "allocator"},
                                         Place{"loader_callback", "loader"},
                                         Place{"loader_constructor", "loader"}),
                         [](const auto& info) { return std::string(info.param.situation); });

// A thread that blocks every signal behind libc's back is told at once, and keeps nobody waiting.
TEST(DeafThread, IsAnsweredAtOnceWhileOthersAreServed) {
    Victim victim("deaf");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    for (const char* how : {"exit", "vanish", "async-cancel"}) {
        Process waiting(cli_command({"--json", "kill", victim.target().pid_text(), "name=victim",
                                     "--how", how, "--wait", "20s"}));
        const CliResult other = victim.target().command("ps");
        EXPECT_EQ(other.exit_code, 0) << other;
        const auto exit = waiting.wait();
        ASSERT_TRUE(exit) << how << ": it was not told at once";
        EXPECT_EQ(exit->code, 6) << waiting.output();
        const auto json = nlohmann::json::parse(waiting.output(), nullptr, false);
        ASSERT_TRUE(json.is_object()) << waiting.output();
        EXPECT_TRUE(json.value("reason", "").starts_with("signal-blocked")) << waiting.output();
        // Far below --wait, far above what any load explains.
        EXPECT_LT(json.value("seconds", 99.0), 10.0) << waiting.output();
    }
    EXPECT_TRUE(victim.lives());
    EXPECT_TRUE(victim.bystanders_progress());
}

}  // namespace
}  // namespace threadfault::test
