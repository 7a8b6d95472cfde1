// What each way of ending a thread does to a victim in each situation, and that the command says
// so: under the shim, and in a program that was attached to.
#include "victim.hpp"

#include <csignal>
#include <ostream>
#include <tuple>

namespace threadfault::test {
namespace {

// What must come of it.
enum class Fate {
    unwound,             // ended; clean-up code has run
    gone,                // ended; nothing has run
    cancel_disabled,     // lives on
    no_cancel_point,     // lives on
    aborted,             // the process died of it
    unwound_robust,      // ended, and the next owner of the robust mutex is told
    gone_robust,         // the same, without clean-up
    gone_with_lock_held  // ended, and the mutex is nobody's for ever
};

struct Case {
    const char* situation;
    const char* how;
    Fate fate;
};

std::ostream& operator<<(std::ostream& stream, const Case& c) {
    return stream << c.situation << " " << c.how;
}

void expect_ended(Victim& victim, const CliResult& result, const Case& c) {
    ASSERT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.text("outcome"), "ended") << result;
    EXPECT_FALSE(victim.lives());
    const std::string joined = victim.target().ask("join");
    const std::string how = c.how;
    if (how == "cancel" || how == "async-cancel") {
        EXPECT_EQ(joined, "join canceled");
    } else {
        EXPECT_TRUE(joined.starts_with("join value")) << joined;
    }
    const bool unwound = c.fate == Fate::unwound || c.fate == Fate::unwound_robust;
    const std::string output = victim.target().process().output();
    EXPECT_EQ(output.find("dtor") != std::string::npos, unwound) << output;
    EXPECT_EQ(output.find("cleanup") != std::string::npos, unwound) << output;
}

void expect_pending(Victim& victim, const CliResult& result, const char* reason) {
    EXPECT_EQ(result.exit_code, 6) << result;
    EXPECT_EQ(result.text("outcome"), "pending") << result;
    EXPECT_TRUE(result.text("reason").starts_with(reason)) << result;
    EXPECT_TRUE(victim.lives());
}

void expect_aborted(Victim& victim, const CliResult& result) {
    EXPECT_EQ(result.exit_code, 7) << result;
    EXPECT_EQ(result.text("outcome"), "target-died") << result;
    const auto exit = victim.target().process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, SIGABRT);
}

void expect_usable(Victim& victim, const Case& c) {
    EXPECT_TRUE(victim.bystanders_progress());
    const std::string situation = c.situation;
    if (situation == "raii") {
        EXPECT_EQ(victim.target().ask("trylock"),
                  c.fate == Fate::gone_with_lock_held ? "trylock EBUSY" : "trylock ok");
    } else if (situation == "robust_mutex") {
        EXPECT_EQ(victim.target().ask("trylock"), "trylock EOWNERDEAD");
        EXPECT_EQ(victim.target().ask("trylock"), "trylock ok");
    } else if (situation == "malloc_loop") {
        EXPECT_EQ(victim.target().ask("allocate"), "allocate done");
    }
    EXPECT_EQ(victim.target().command("ps").exit_code, 0);
}

class DeathTable : public testing::TestWithParam<std::tuple<Case, Way>> {};

TEST_P(DeathTable, Row) {
    const auto& [c, way] = GetParam();
    Victim victim(c.situation, way);
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const bool stays = c.fate == Fate::cancel_disabled || c.fate == Fate::no_cancel_point;
    // The wait for what must not happen is short; for what must, it is never waited out.
    const CliResult result = victim.kill(c.how, stays ? "300ms" : "20s");
    ASSERT_TRUE(result.json.is_object() && result.json.contains("outcome")) << result;
    EXPECT_EQ(result.text("fault"), "kill") << result;
    EXPECT_EQ(result.text("how"), c.how) << result;
    EXPECT_EQ(result.text("name"), "victim") << result;
    EXPECT_EQ(result.json.value("tid", 0), victim.tid()) << result;
    EXPECT_EQ(result.json.value("pid", 0), victim.pid()) << result;
    switch (c.fate) {
        case Fate::cancel_disabled:
            expect_pending(victim, result, "cancel-disabled");
            break;
        case Fate::no_cancel_point:
            expect_pending(victim, result, "no-cancellation-point");
            break;
        case Fate::aborted:
            expect_aborted(victim, result);
            return;
        default:
            ASSERT_NO_FATAL_FAILURE(expect_ended(victim, result, c));
    }
    expect_usable(victim, c);
}

constexpr Case kCases[] = {
    {"spin", "cancel", Fate::no_cancel_point},
    {"spin", "async-cancel", Fate::unwound},
    {"spin", "exit", Fate::unwound},
    {"spin", "vanish", Fate::gone},
    {"nanosleep", "cancel", Fate::unwound},
    {"nanosleep", "async-cancel", Fate::unwound},
    {"nanosleep", "exit", Fate::unwound},
    {"nanosleep", "vanish", Fate::gone},
    {"read", "cancel", Fate::unwound},
    {"read", "async-cancel", Fate::unwound},
    {"read", "exit", Fate::unwound},
    {"read", "vanish", Fate::gone},
    {"pause", "cancel", Fate::unwound},
    {"pause", "async-cancel", Fate::unwound},
    {"pause", "exit", Fate::unwound},
    {"pause", "vanish", Fate::gone},
    {"cond_wait", "cancel", Fate::unwound},
    {"cond_wait", "async-cancel", Fate::unwound},
    {"cond_wait", "exit", Fate::unwound},
    {"cond_wait", "vanish", Fate::gone},
    {"mutex_lock", "cancel", Fate::no_cancel_point},
    {"mutex_lock", "async-cancel", Fate::unwound},
    {"mutex_lock", "exit", Fate::unwound},
    {"mutex_lock", "vanish", Fate::gone},
    {"cancel_disabled", "cancel", Fate::cancel_disabled},
    {"cancel_disabled", "async-cancel", Fate::cancel_disabled},
    {"cancel_disabled", "exit", Fate::unwound},
    {"cancel_disabled", "vanish", Fate::gone},
    {"raii", "cancel", Fate::unwound},
    {"raii", "async-cancel", Fate::unwound},
    {"raii", "exit", Fate::unwound},
    {"raii", "vanish", Fate::gone_with_lock_held},
    {"noexcept", "cancel", Fate::aborted},
    {"noexcept", "async-cancel", Fate::aborted},
    {"noexcept", "exit", Fate::aborted},
    {"noexcept", "vanish", Fate::gone},
    {"destructor", "cancel", Fate::aborted},
    {"destructor", "async-cancel", Fate::aborted},
    {"destructor", "exit", Fate::aborted},
    {"destructor", "vanish", Fate::gone},
    {"catch_all", "cancel", Fate::aborted},
    {"catch_all", "async-cancel", Fate::aborted},
    {"catch_all", "exit", Fate::aborted},
    {"catch_all", "vanish", Fate::gone},
    {"malloc_loop", "cancel", Fate::no_cancel_point},
    // At a safe point; anywhere else the process survives it only sometimes.
    {"malloc_loop", "async-cancel", Fate::unwound},
    {"malloc_loop", "exit", Fate::unwound},
    {"malloc_loop", "vanish", Fate::gone},
    {"robust_mutex", "cancel", Fate::unwound_robust},
    {"robust_mutex", "async-cancel", Fate::unwound_robust},
    {"robust_mutex", "exit", Fate::unwound_robust},
    {"robust_mutex", "vanish", Fate::gone_robust},
};

std::string case_name(const testing::TestParamInfo<std::tuple<Case, Way>>& info) {
    const Case& c = std::get<Case>(info.param);
    std::string name = std::string(c.situation) + "_" + c.how;
    for (char& letter : name) {
        if (letter == '-') letter = '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Integration, DeathTable,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(Way::shim)),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Attached, DeathTable,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(Way::attach)),
                         case_name);

// The request that was reported as pending is still there: it takes effect when it can.
TEST(PendingCancellation, TakesEffectAtTheNextCancellationPoint) {
    Victim victim("mutex_lock");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const CliResult result = victim.kill("cancel", "100ms");
    ASSERT_EQ(result.exit_code, 6) << result;
    EXPECT_NE(result.text("reason").find("pthread_mutex_lock"), std::string::npos)
        << "the reason names the function that the thread is in: " << result;
    EXPECT_EQ(victim.target().ask("release", "release"), "release done");
    EXPECT_TRUE(eventually([&] { return !victim.lives(); }));
    EXPECT_EQ(victim.target().ask("join"), "join canceled");
}

}  // namespace
}  // namespace threadfault::test
