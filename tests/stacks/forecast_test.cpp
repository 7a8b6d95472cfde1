// `kill --dry-run` says what `kill` then does: every cell of the table of deaths.
#include "victim.hpp"

namespace threadfault::test {
namespace {

struct Row {
    const char* situation;
    const char* forecasts[4];  // of cancel, async-cancel, exit, vanish
};

constexpr const char* kHows[] = {"cancel", "async-cancel", "exit", "vanish"};
constexpr Row kRows[] = {
    {"spin", {"stays", "ends", "ends", "ends"}},
    {"nanosleep", {"ends", "ends", "ends", "ends"}},
    {"read", {"ends", "ends", "ends", "ends"}},
    {"pause", {"ends", "ends", "ends", "ends"}},
    {"cond_wait", {"ends", "ends", "ends", "ends"}},
    {"mutex_lock", {"stays", "ends", "ends", "ends"}},
    {"cancel_disabled", {"stays", "stays", "ends", "ends"}},
    {"raii", {"ends", "ends", "ends", "ends"}},
    {"noexcept", {"aborts", "aborts", "aborts", "ends"}},
    {"destructor", {"aborts", "aborts", "aborts", "ends"}},
    {"catch_all", {"aborts", "aborts", "aborts", "ends"}},
    {"malloc_loop", {"stays", "unsafe", "unsafe", "unsafe"}},
    {"robust_mutex", {"ends", "ends", "ends", "ends"}},
};

std::string what_happened(const CliResult& result) {
    const std::string outcome = result.text("outcome");
    if (outcome == "ended") return "ends";
    if (outcome == "target-died") return "aborts";
    if (outcome == "pending") return "stays";
    return outcome;
}

class Forecast : public testing::TestWithParam<Row> {};

TEST_P(Forecast, AgreesWithWhatThenHappens) {
    const Row& row = GetParam();
    for (int i = 0; i < 4; ++i) {
        SCOPED_TRACE(kHows[i]);
        Victim victim(row.situation);
        ASSERT_NO_FATAL_FAILURE(victim.await());
        const std::string expected = row.forecasts[i];
        const auto forecast = [&] {
            return victim.target().command("kill", {"name=victim", "--how", kHows[i], "--dry-run"});
        };
        CliResult said = forecast();
        // Between two calls of the allocator it is in its own code for a moment.
        if (expected == "unsafe") {
            EXPECT_TRUE(eventually([&] {
                said = forecast();
                return said.text("forecast") == expected;
            })) << said;
        }
        EXPECT_EQ(said.exit_code, 0) << said;
        EXPECT_EQ(said.text("forecast"), expected) << said;
        EXPECT_FALSE(said.json["facts"].empty());
        EXPECT_TRUE(victim.lives()) << "nothing was done";
        const CliResult done = victim.kill(kHows[i], expected == "stays" ? "100ms" : "20s");
        if (expected != "unsafe") {
            EXPECT_EQ(what_happened(done), expected) << done;
        }
        // Why it died is said after it has, from what was kept: there is no stack any more.
        if (expected == "aborts") {
            EXPECT_NE(done.text("reason").find("; aborted: "), std::string::npos) << done;
        }
    }
}
INSTANTIATE_TEST_SUITE_P(DeathTable, Forecast, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.situation); });

TEST(ForecastFacts, NameTheCatchAllThatSwallowsTheUnwind) {
    Victim victim("catch_all");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const CliResult said =
        victim.target().command("kill", {"name=victim", "--how", "exit", "--dry-run"});
    EXPECT_NE(said.json["facts"].dump().find("catch (...) in catch_all, situations.cpp:"),
              std::string::npos)
        << said;
}

TEST(ForecastFacts, NameTheLockThatOthersWaitFor) {
    Victim victim("mutex_lock");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const CliResult said =
        victim.target().command("kill", {"main", "--how", "vanish", "--dry-run"});
    EXPECT_NE(said.json["facts"].dump().find("it holds mutex"), std::string::npos) << said;
}

}  // namespace
}  // namespace threadfault::test
