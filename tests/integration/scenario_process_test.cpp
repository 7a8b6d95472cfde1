// Steps about a process that the target started, or has become; output without end; what is left
// of a run that was killed.
#include "scenario_run.hpp"
#include "support/eventually.hpp"

#include <gtest/gtest.h>
#include <signal.h>

namespace threadfault::test {
namespace {

std::string of_family(const std::string& mode, const std::string& ready = "") {
    return "target = { command = [\"" TARGET_FAMILY "\", \"" + mode + "\", \"x\"]" + ready + " }\n";
}

constexpr char kReady[] = ", ready = { output = \"^ready\" }";

std::string message_of(const CliResult& result) {
    if (!result.json.is_object() || !result.json.contains("tests")) return "no report";
    const auto& failure = result.json["tests"][0]["failure"];
    return failure.is_null() ? "" : failure["message"].get<std::string>();
}

TEST(ScenarioProcess, IsAChildOfAPreforkServer) {
    const ScenarioFile file(one_test(
        "{ wait_for_thread = 'name=worker-0', process = { children = true, first = true } },"
        "{ kill = 'name=worker-0', how = 'vanish', wait = '20s',"
        "  process = { command = 'family', children = true, first = true } },"
        "{ expect = { threads = { 'name=worker-0' = 0 }, alive = true },"
        "  process = { children = true, first = true } },"
        "{ expect = { alive = true } }",
        of_family("prefork", kReady)));
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 0) << result;
}

TEST(ScenarioProcess, IsOneThatWentToTheBackground) {
    const ScenarioFile file(
        one_test("{ expect = { exit_code = 0 } },"
                 "{ wait_for_thread = 'name=worker-2', process = { command = 'fam*' } },"
                 "{ freeze = 'name=worker-1', for = '1h', process = { command = 'fam*' } },"
                 "{ expect = { threads = 4, no_orphaned_locks = true },"
                 "  process = { command = 'fam*' } }",
                 of_family("background")));
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 0) << result;
}

TEST(ScenarioProcess, ThatIsNotTheOnlyOneIsToldWithTheOthers) {
    const ScenarioFile file(one_test(
        "{ run = 'sleep 0.3' },"
        "{ wait_for_thread = 'name=worker-0', process = { command = 'nobody', within = '50ms' } }",
        of_family("prefork", kReady)));
    CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(
        message_of(result).find("no process of the target matches \"process\" within 50.0 ms"),
        std::string::npos)
        << result;

    // Both children have made their threads when main says so.
    const ScenarioFile several(one_test(
        "{ run = 'for i in $(seq 500); do n=$(cat /proc/$TARGET_PID/task/*/children | wc -w);"
        " test $n = 2 && for c in $(cat /proc/$TARGET_PID/task/*/children); do"
        " test $(ls /proc/$c/task | wc -l) -ge 3 || n=0; done;"
        " test $n = 2 && exit 0; sleep 0.02; done; exit 1', within = '20s' },"
        "{ interrupt = 'name=worker-0', process = { children = true } }",
        of_family("prefork", kReady)));
    result = several.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(message_of(result).find("2 processes match \"process\": "), std::string::npos)
        << result;
}

TEST(ScenarioOutput, WithoutEndIsKeptInPart) {
    const std::string shell = "yes | head -c 60000000; echo done; sleep 1000";
    const std::string target = "timeout = \"100s\"\ntarget = { command = [\"/bin/sh\", \"-c\", \"" +
                               shell + "\"], ready = { output = \"^done$\", within = \"60s\" } }\n";
    const ScenarioFile good(one_test("{ expect = { output = '^done$' } }", target));
    EXPECT_EQ(good.run().exit_code, 0);
    const ScenarioFile free_of(one_test("{ expect = { log_free_of = 'panic' } }", target));
    const CliResult result = free_of.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(message_of(result).find("that is not known; the first "), std::string::npos)
        << message_of(result);
    EXPECT_NE(result.out.find("bytes before it were not kept"), std::string::npos);
}

TEST(ScenarioOutput, AnExpressionDoesNotOutlastTheTest) {
    const ScenarioFile file(one_test(
        "{ expect = { log_free_of = '^(a+)+$' } }",
        "target = { command = [\"/bin/sh\", \"-c\", \"head -c 300000 /dev/zero | tr '\\\\0' a;"
        " echo '!'; echo done; sleep 1000\"], ready = { output = \"^done$\", within = \"20s\" } "
        "}\n"));
    EXPECT_EQ(file.run().exit_code, 0);
}

TEST(KilledRun, LeavesNoDirectory) {
    const ScenarioFile file(
        one_test("{ run = 'mkdir -p {tmp}/a/b && touch {tmp}/a/b/c && echo {tmp} > {dir}/new && mv "
                 "{dir}/new {dir}/tmp' },"
                 "{ wait = '1000s' }",
                 "timeout = \"2000s\"\n"));
    Process program(cli_command({"test", file.path()}));
    std::string tmp;
    ASSERT_TRUE(eventually([&] { return !(tmp = file.read("tmp")).empty(); })) << program.errors();
    tmp.pop_back();
    ASSERT_TRUE(std::filesystem::exists(tmp + "/a/b/c")) << tmp;
    program.send_signal(SIGKILL);
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(tmp); })) << tmp;
}

}  // namespace
}  // namespace threadfault::test
