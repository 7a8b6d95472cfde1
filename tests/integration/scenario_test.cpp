// What steps and expectations do to a real target, and what a failure is explained with.
#include <gtest/gtest.h>

#include "scenario_run.hpp"

namespace threadfault::test {
namespace {

struct Case {
    const char* label;
    const char* steps;
    const char* message;  // in the failure; "": it passes
};

void PrintTo(const Case& one, std::ostream* stream) {
    *stream << one.label;
}

class Steps : public testing::TestWithParam<Case> {};

TEST_P(Steps, DoWhatTheySay) {
    const ScenarioFile file(one_test(GetParam().steps));
    const CliResult result = file.run({"--json"});
    const bool passes = GetParam().message[0] == '\0';
    EXPECT_EQ(result.exit_code, passes ? 0 : 1) << result;
    ASSERT_TRUE(result.json.contains("tests")) << result;
    const auto& test = result.json["tests"][0];
    EXPECT_EQ(test["outcome"], passes ? "passed" : "failed") << result;
    if (!passes) {
        ASSERT_FALSE(test["failure"].is_null()) << result;
        const std::string message = test["failure"]["message"];
        EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
    }
}

const Case kSteps[] = {
    {"freeze",
     "{ freeze = 'name=worker-0', for = '100ms' },"
     "{ expect = { probe = 'ping', recovers_within = '20s' } }",
     ""},
    {"freeze_for_good",
     "{ freeze = 'name=worker-0' },"
     "{ expect = { probe = 'ping', recovers_within = '300ms' } }",
     "expected probe \"ping\" to recover within 300.0 ms; "},
    {"thaw",
     "{ freeze = 'name=worker-0' }, { thaw = 'name=worker-0' },"
     "{ expect = { probe = 'ping', alive = true } }",
     ""},
    {"slow", "{ slow = 'name=worker-0', to = '50%' }, { expect = { probe = 'ping' } }", ""},
    {"delay", "{ delay = 'name=worker-0', for = '50ms' }, { expect = { probe = 'ping' } }", ""},
    {"spin", "{ spin = 'name=worker-1', for = '20ms' }, { expect = { probe = 'ping' } }", ""},
    {"interrupt", "{ interrupt = 'name=worker-*', all = true }, { expect = { alive = true } }", ""},
    {"demote", "{ demote = 'name=worker-1', nice = 5, cpus = '0' }, { expect = { threads = 5 } }",
     ""},
    {"vanish",
     "{ kill = 'name=worker-1', how = 'vanish', wait = '20s' },"
     "{ expect = { threads = { 'name=worker-*' = 1, 'name=holder' = 1 } } }",
     ""},
    {"no_such_thread", "{ kill = 'name=nobody' }", "no thread of process"},
    {"ambiguous", "{ kill = 'name=worker-*' }", "worker-1"},
    {"signal_ends",
     "{ signal = 'name=worker-0', sig = 'KILL' },"
     "{ expect = { signal = 'KILL', alive = false } }",
     ""},
    {"exits", "{ signal = 'main', sig = 'TERM' }, { expect = { exit_code = 7 } }", ""},
    {"exits_otherwise", "{ signal = 'main', sig = 'TERM' }, { expect = { exit_code = 0 } }",
     "expected the target to exit with code 0; it exited with code 7"},
    {"dies_otherwise", "{ signal = 'main', sig = 'SEGV' }, { expect = { signal = 'ABRT' } }",
     "expected the target to be ended by SIGABRT; it was ended by SIGSEGV"},
    {"dies_unforeseen", "{ signal = 'main', sig = 'SEGV' }",
     "the target was ended by SIGSEGV, which no step expects"},
    {"not_alive",
     "{ signal = 'main', sig = 'KILL' }, { run = 'sleep 0.2' },"
     "{ expect = { alive = true } }",
     "expected the target to stay alive; it was ended by SIGKILL"},
    {"output", "{ expect = { output = '^ready', log_free_of = 'panic' } }", ""},
    {"log", "{ expect = { log_free_of = ['panic', '^re.dy'] } }",
     "expected no line of output that matches \"^re.dy\": ready"},
    {"progress", "{ expect = { progresses = true } }", ""},
    {"locks",
     "{ signal = 'main', sig = 'USR1' },"
     "{ wait_for_thread = 'name=waiter,waiting=mutex', within = '20s' },"
     "{ expect = { no_orphaned_locks = true } },"
     "{ kill = 'name=holder', how = 'vanish', wait = '20s' },"
     "{ expect = { no_orphaned_locks = false } }",
     ""},
    {"run",
     "{ run = 'test $TARGET_PID -gt 1 && test -d {tmp} && test -f {dir}/s.toml' },"
     "{ run = 'exit 3', exit_code = 3 }",
     ""},
    {"run_fails", "{ run = 'echo what went wrong >&2; exit 4' }",
     "the command exited with code 4, expected exit code 0\nwhat went wrong"},
    {"run_too_long", "{ run = 'sleep 1000', within = '50ms' }", "the command did not end in time"},
    {"wait_for_nobody", "{ wait_for_thread = 'name=nobody', within = '50ms' }",
     "no thread matches name=nobody within 50.0 ms"},
    {"inject", "{ inject = 'pthread_create:error=EAGAIN' }, { expect = { alive = true } }", ""},
};

INSTANTIATE_TEST_SUITE_P(Scenario, Steps, testing::ValuesIn(kSteps),
                         [](const auto& info) { return std::string(info.param.label); });

TEST(Scenario, AFailureIsExplained) {
    const ScenarioFile file(one_test(R"(
{ signal = "main", sig = "USR1" },
{ wait_for_thread = "name=waiter,waiting=mutex", within = "20s" },
{ kill = "name=holder", how = "vanish", wait = "20s" },
{ expect = { no_orphaned_locks = true } })"));
    const CliResult result = file.run();
    EXPECT_EQ(result.exit_code, 1);
    for (const std::string& part :
         {std::string("FAILED  "), file.path() + ":15:1: expected no orphaned locks",
          std::string("step: { expect = { no_orphaned_locks = true } }"), std::string("verdict: "),
          std::string("locks:"), std::string("shared_lock"), std::string("ORPHANED"),
          std::string("the target's last output:"), std::string("ready"),
          std::string("what was done:"), std::string(" s  kill "),
          std::string("repeat with: --seed "), std::string("0 passed, 1 failed")}) {
        EXPECT_NE(result.out.find(part), std::string::npos) << part << "\nis not in\n" << result;
    }
}

TEST(Scenario, ATestMayOverrideItsTarget) {
    const ScenarioFile file(
        one_test(R"({ expect = { output = "ready steady" } },
{ inject = "pthread_mutex_lock:delay=1ms" })",
                 "target = { env = { WORD = \"steady\" }, shim = \"points\" }\n"));
    const CliResult result = file.run();
    EXPECT_EQ(result.exit_code, 0) << result;
}

TEST(Scenario, AProgramThatIsNotThere) {
    const ScenarioFile file(
        one_test(R"({ wait = "1ms" })", "target = { command = [\"/nowhere/program\"] }\n"));
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    const std::string message = result.json["tests"][0]["failure"]["message"];
    EXPECT_NE(message.find("/nowhere/program"), std::string::npos) << message;
}

TEST(Scenario, ATargetThatIsNeverReady) {
    const ScenarioFile file(
        one_test(R"({ wait = "1ms" })",
                 "target = { ready = { output = \"steady\", within = \"200ms\" } }\n"));
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    const std::string message = result.json["tests"][0]["failure"]["message"];
    EXPECT_NE(message.find("is not ready"), std::string::npos) << message;
}

}  // namespace
}  // namespace threadfault::test
