// `kill --dry-run` says what `kill` then does: every cell of the table of deaths.
#include "victim.hpp"

#include <fstream>

namespace threadfault::test {
namespace {

struct Row {
    const char* situation;
    const char* forecasts[4];  // of cancel, async-cancel, exit, vanish
    // Where it aborts: the function that ends the unwinding, as its source begins it.
    const char* culprit = "";
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
    {"noexcept", {"aborts", "aborts", "aborts", "ends"}, "sleep_noexcept() noexcept {"},
    {"destructor", {"aborts", "aborts", "aborts", "ends"}, "sleep_noexcept() noexcept {"},
    {"catch_all", {"aborts", "aborts", "aborts", "ends"}, "catch_all() {"},
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

// "FUNCTION, FILE:LINE" of the line in that function where its victim sleeps.
std::string spot_in(const std::string& beginning) {
    std::ifstream source(SITUATIONS_SOURCE);
    int number = 0;
    bool inside = false;
    for (std::string line; std::getline(source, line);) {
        ++number;
        inside = inside || line.find(" " + beginning) != std::string::npos;
        if (!inside || line.find("sleep_for_ever();") == std::string::npos) continue;
        return beginning.substr(0, beginning.find('(')) +
               ", situations.cpp:" + std::to_string(number);
    }
    return "(not found)";
}

// Both sentences: what `--dry-run` foresees, and what `kill` says afterwards.
std::string foreseen(const Row& row) {
    const std::string spot = spot_in(row.culprit);
    return std::string(row.situation) == "catch_all"
               ? "catch (...) in " + spot + " swallows the forced unwind"
               : spot + " is noexcept: unwinding calls std::terminate there";
}
std::string explained(const Row& row) {
    const std::string spot = spot_in(row.culprit);
    const std::string cause =
        std::string(row.situation) == "catch_all"
            ? "catch (...) in " + spot + ", swallowed the forced unwind"
            : spot + ", is noexcept: the forced unwind called std::terminate there";
    return "process-ended: the process was ended by SIGABRT; aborted: " + cause;
}

class Forecast : public testing::TestWithParam<Row> {
protected:
    // Of a thread that could not be looked at nothing is foreseen: a busy machine may do that.
    // Between two calls of the allocator it is in its own code for a moment.
    static CliResult forecast(Victim& victim, const char* how, const std::string& expected) {
        CliResult said;
        eventually([&] {
            said = victim.target().command("kill", {"name=victim", "--how", how, "--dry-run"});
            const std::string forecast = said.text("forecast");
            return forecast == expected || (forecast != "unknown" && expected != "unsafe");
        });
        return said;
    }
};

bool is_explained(const CliResult& done) {
    return done.text("reason").find("; aborted: ") != std::string::npos;
}

TEST_P(Forecast, AgreesWithWhatThenHappens) {
    const Row& row = GetParam();
    for (int i = 0; i < 4; ++i) {
        SCOPED_TRACE(kHows[i]);
        Victim victim(row.situation);
        ASSERT_NO_FATAL_FAILURE(victim.await());
        const std::string expected = row.forecasts[i];
        const CliResult said = forecast(victim, kHows[i], expected);
        EXPECT_EQ(said.exit_code, 0) << said;
        EXPECT_EQ(said.text("forecast"), expected) << said;
        ASSERT_FALSE(said.json["facts"].empty()) << said;
        EXPECT_TRUE(victim.lives()) << "nothing was done";
        const CliResult done = victim.kill(kHows[i], expected == "stays" ? "100ms" : "20s");
        // Where it is unsafe, `kill` waits for a better moment: then it ends.
        EXPECT_EQ(what_happened(done), expected == "unsafe" ? "ends" : expected) << done;
        if (expected == "aborts") {
            EXPECT_TRUE(std::string(said.json["facts"].back()).starts_with(foreseen(row))) << said;
        } else {
            EXPECT_FALSE(is_explained(done)) << done;
        }
    }
}
INSTANTIATE_TEST_SUITE_P(DeathTable, Forecast, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.situation); });

std::vector<Row> rows_that_abort() {
    std::vector<Row> rows;
    for (const Row& row : kRows) {
        if (*row.culprit != '\0') rows.push_back(row);
    }
    return rows;
}

class Explanation : public testing::TestWithParam<Row> {};

// It is said after the process has died, from what was kept: there is no stack any more.
TEST_P(Explanation, OfTheDeathIsAWholeSentence) {
    const Row& row = GetParam();
    for (int i = 0; i < 4; ++i) {
        if (std::string(row.forecasts[i]) != "aborts") continue;
        SCOPED_TRACE(kHows[i]);
        // On a busy machine there may be no time to look at the victim beforehand.
        CliResult done;
        for (int attempt = 0; attempt < 5 && !is_explained(done); ++attempt) {
            Victim victim(row.situation);
            ASSERT_NO_FATAL_FAILURE(victim.await());
            done = victim.kill(kHows[i], "20s");
        }
        EXPECT_EQ(done.text("reason"), explained(row)) << done;
        EXPECT_EQ(done.text("reason_code"), "process-ended") << done;
        ASSERT_EQ(done.json["grounds"].size(), 1U) << done;
        EXPECT_EQ(done.json["grounds"][0]["code"],
                  std::string(row.situation) == "catch_all" ? "catch_swallows" : "noexcept_frame")
            << done;
    }
}
INSTANTIATE_TEST_SUITE_P(DeathTable, Explanation, testing::ValuesIn(rows_that_abort()),
                         [](const auto& info) { return std::string(info.param.situation); });

// Handlers that throw it again, end it, or do one of both: not called before, so that the loader
// has bound nothing that they call.
struct Handler {
    const char* what;
    const char* forecast;
    const char* fact;
    const char* outcome;
    const char* clause = "catch (...) in ";
};
constexpr Handler kHandlers[] = {
    {"again", "ends", " catches it and rethrows it", "ended"},
    {"again_at_once", "ends", " catches it and rethrows it", "ended"},
    {"swallow", "aborts", " swallows the forced unwind: libc then aborts", "target-died"},
    {"swallow_before_another", "aborts", " swallows the forced unwind: libc then aborts",
     "target-died"},
    {"perhaps", "unknown", " catches the forced unwind; whether it rethrows it can't be determined",
     "ended"},
    {"by_virtual_call", "aborts", " swallows the forced unwind: libc then aborts", "target-died"},
    {"by_name", "aborts", " swallows the forced unwind: libc then aborts", "target-died",
     "catch (abi::__forced_unwind&) in "},
    {"has_it_inlined", "aborts", ": unwinding calls std::terminate there", "target-died", ""},
};

class Handlers : public testing::TestWithParam<Handler> {};

TEST_P(Handlers, AreToldApart) {
    const Handler& handler = GetParam();
    Target target({CATCHES, handler.what});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    CliResult said;
    EXPECT_TRUE(eventually([&] {
        said = target.command("kill", {"name=victim", "--how", "exit", "--dry-run"});
        return said.json.contains("facts") && said.json["facts"].size() > 1;
    })) << said;
    EXPECT_EQ(said.text("forecast"), handler.forecast) << said;
    EXPECT_NE(said.json["facts"].dump().find(handler.clause + std::string(handler.what) + ", "),
              std::string::npos)
        << said;
    const bool inlined = std::string(handler.what) == "has_it_inlined";
    EXPECT_EQ(inlined, said.json["facts"].dump().find("or a function inlined there is (") !=
                           std::string::npos)
        << said;
    EXPECT_NE(said.json["facts"].dump().find(handler.fact), std::string::npos) << said;
    EXPECT_EQ(said.json["facts"].dump().find("unless it throws"), std::string::npos) << said;
    const CliResult done =
        target.command("kill", {"name=victim", "--how", "exit", "--wait", "20s"});
    EXPECT_EQ(done.text("outcome"), handler.outcome) << done;
}
INSTANTIATE_TEST_SUITE_P(Optimised, Handlers, testing::ValuesIn(kHandlers),
                         [](const auto& info) { return std::string(info.param.what); });

// C++ code that computes: its exception table covers calls alone.
class NoSafePoint : public testing::TestWithParam<const char*> {};

TEST_P(NoSafePoint, IsForeseenAndRefused) {
    Target target({CATCHES, GetParam()});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    for (const char* const how : {"exit", "async-cancel"}) {
        SCOPED_TRACE(how);
        CliResult said;
        EXPECT_TRUE(eventually([&] {
            said = target.command("kill", {"name=victim", "--how", how, "--dry-run"});
            return said.text("forecast") == "unsafe";
        })) << said;
        EXPECT_NE(said.out.find("its exception table doesn't cover th"), std::string::npos) << said;
        const CliResult done = target.command("kill", {"name=victim", "--how", how});
        EXPECT_EQ(done.exit_code, 6) << done;
        EXPECT_EQ(done.text("outcome"), "refused") << done;
        EXPECT_TRUE(done.text("reason").starts_with("no-safe-point: spins")) << done;
    }
    // A storm asks the same question.
    const std::string journal = testing::TempDir() + "unsafe-" + std::to_string(getpid());
    const CliResult storm = run_cli({"--json", "storm", target.pid_text(), "--threads",
                                     "name=victim", "--faults", "kill=exit", "--every", "100ms",
                                     "--for", "150ms", "--force", "--journal", journal});
    EXPECT_EQ(storm.exit_code, 0) << storm;
    EXPECT_EQ(storm.json.value("/outcomes/kill=exit/refused"_json_pointer, 0), 1) << storm;
    std::remove(journal.c_str());
    EXPECT_EQ(target.command("kill", {"name=victim", "--how", "vanish"}).text("outcome"), "ended");
}
INSTANTIATE_TEST_SUITE_P(Optimised, NoSafePoint, testing::Values("spins", "spins_in_a_call"),
                         [](const auto& info) { return std::string(info.param); });

// Where it stood when it was looked at is not where it was unwound.
TEST(Explanation, OfARunningThreadsDeathSaysThatItIsNotKnown) {
    Target target({CATCHES, "swallows_between_turns"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const CliResult done =
        target.command("kill", {"name=victim", "--how", "cancel", "--wait", "20s"});
    EXPECT_EQ(done.text("outcome"), "target-died") << done;
    EXPECT_NE(done.text("reason").find("the thread was running"), std::string::npos) << done;
}

// A scenario's steps, which go through the C++ interface, ask it too.
TEST(NoSafePoint, IsRefusedInScenarios) {
    const std::string file = testing::TempDir() + "unsafe-" + std::to_string(getpid()) + ".toml";
    std::ofstream(file) << "[target]\ncommand = [\"" CATCHES "\", \"spins\"]\n"
                        << "ready = { thread = \"name=victim\" }\n"
                        << "[[test]]\nname = \"t\"\n"
                        << "steps = [ { kill = \"name=victim\", how = \"exit\" } ]\n";
    const CliResult result = run_cli({"test", "--json", file});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(result.out.find("refused, "), std::string::npos) << result;
    EXPECT_NE(result.out.find("no-safe-point: spins"), std::string::npos) << result;
    std::remove(file.c_str());
}

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
