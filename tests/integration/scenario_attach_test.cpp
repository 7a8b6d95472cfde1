// Scenarios on a process that runs already, started without the shim: it goes on as before.
#include "attach/attached_state.hpp"
#include "scenario_run.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

namespace threadfault::test {
namespace {

// scenario_target as somebody has started it by hand.
class RunningServer {
public:
    explicit RunningServer(const std::string& program = TARGET_SCENARIO)
        : port_(std::to_string(free_tcp_port())), process_({program, port_}) {
        ready_ = process_.read_until("ready").has_value();
        // All threads in their calls, where a signal mask is the program's own.
        eventually([&] {
            for (const char* name : {"holder", "waiter", "worker-0", "worker-1"})
                if (!task_named(pid(), name)) return false;
            return true;
        });
        before_ = state_of(pid());
    }
    bool ready() const { return ready_; }
    pid_t pid() const { return process_.pid(); }
    const std::string& port() const { return port_; }
    std::string pid_text() const { return std::to_string(pid()); }
    Process& process() { return process_; }
    // A test on it.
    ScenarioFile file(const std::string& steps, const std::string& more = {}) const {
        return ScenarioFile("attach = " + pid_text() + "\nready = { listening = " + port_ + " }\n",
                            port_, one_test(steps, more));
    }
    void expect_unharmed() {
        EXPECT_TRUE(process_.running());
        EXPECT_TRUE(eventually([&] { return guardian_of(pid()) == 0; }));
        EXPECT_TRUE(eventually([&] { return state_of(pid()) == before_; })) << state_of(pid());
    }

private:
    std::string port_;
    Process process_;
    bool ready_ = false;
    std::string before_;
};

std::string message_in(const CliResult& result) {
    const nlohmann::json& tests = result.json["tests"];
    if (!tests.is_array() || tests.empty()) return result.err;
    return tests[0]["failure"].value("message", "");
}

TEST(ScenarioAttach, IsLikeAnyOtherTest) {
    RunningServer server;
    ASSERT_TRUE(server.ready());
    const ScenarioFile file = server.file(
        "{ freeze = 'name=worker-1' },\n"
        "{ slow = 'name=holder', to = '50%' },\n"
        "{ delay = 'name=worker-0', for = '10ms' },\n"
        "{ demote = 'name=worker-0', idle = true },\n"
        "{ run = 'test $TARGET_PID = " +
        server.pid_text() +
        "' },\n"
        "{ wait_for_thread = 'start=*work*,name=worker-0' },\n"
        "{ expect = { alive = true, threads = 5, no_orphaned_locks = true, probe = 'ping',"
        " recovers_within = '20s' } }");
    const CliResult result =
        file.run({"--json", "--repeat", "2", "--junit", file.path("junit.xml")});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_NE(file.read("junit.xml").find("<testcase"), std::string::npos);
    server.expect_unharmed();
    const CliResult tap = file.run({"--tap"});
    EXPECT_NE(tap.out.find("ok 1"), std::string::npos) << tap;
    server.expect_unharmed();
}

TEST(ScenarioAttach, ThatFailsLetsGo) {
    RunningServer server;
    ASSERT_TRUE(server.ready());
    const ScenarioFile file = server.file(
        "{ freeze = 'name=worker-1' }, { kill = 'name=waiter', how = 'vanish' },\n"
        "{ expect = { threads = { 'name=nobody' = 1 }, progresses = true } }",
        "timeout = '5s'\n");
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_TRUE(server.process().running());
    EXPECT_TRUE(eventually([&] { return guardian_of(server.pid()) == 0; }));
    EXPECT_EQ(status_number(server.pid(), "Threads"), 4);
    const auto thawed = task_named(server.pid(), "worker-1");
    ASSERT_TRUE(thawed);
    const std::string mask = "/task/" + std::to_string(*thawed) + "/status";
    EXPECT_NE(contents("/proc/" + server.pid_text() + mask).find("SigBlk:\t0000000000000000"),
              std::string::npos);
}

class AttachInterrupted : public testing::TestWithParam<int> {};

TEST_P(AttachInterrupted, LetsGo) {
    RunningServer server;
    ASSERT_TRUE(server.ready());
    const ScenarioFile file = server.file(
        "{ freeze = 'name=worker-0' }, { slow = 'name=worker-1', to = '10%' },\n"
        "{ run = 'touch {dir}/frozen' }, { wait = '1000s' }",
        "timeout = '2000s'\n");
    Process program(cli_command({"test", file.path()}));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file.path("frozen")); }))
        << program.errors();
    program.send_signal(GetParam());
    const auto exit = program.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status(), 128 + GetParam());
    server.expect_unharmed();
}

INSTANTIATE_TEST_SUITE_P(Scenario, AttachInterrupted, testing::Values(SIGINT, SIGKILL),
                         [](const auto& info) { return sigabbrev_np(info.param); });

TEST(ScenarioAttach, ByTheNameOfTheProgram) {
    std::string directory = testing::TempDir() + "attach-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    // The name of no other process.
    const std::string name = "tf" + directory.substr(directory.size() - 6) + "d";
    const std::string program = directory + "/" + name;
    std::filesystem::create_symlink(TARGET_SCENARIO, program);
    const ScenarioFile file("attach = \"" + name + "\"\n", "1",
                            one_test("{ expect = { alive = true } }"));
    CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(message_in(result).find("no process matches"), std::string::npos) << result;
    {
        RunningServer one(program);
        ASSERT_TRUE(one.ready());
        result = file.run({"--json"});
        EXPECT_EQ(result.exit_code, 0) << result;
        one.expect_unharmed();
        RunningServer two(program);
        ASSERT_TRUE(two.ready());
        result = file.run({"--json"});
        EXPECT_EQ(result.exit_code, 1) << result;
        for (const RunningServer* server : {&one, &two}) {
            const std::string told =
                server->pid_text() + " (" + program + " " + server->port() + ")";
            EXPECT_NE(message_in(result).find(told), std::string::npos) << result;
        }
    }
    std::filesystem::remove_all(directory);
}

TEST(ScenarioAttach, AllMistakesAreToldAtOnce) {
    const ScenarioFile file("attach = 1\ncommand = [\"x\"]\nready = { output = \"x\" }\n", "1",
                            one_test("{ expect = { signal = 'SEGV', output = 'x' } },\n"
                                     "{ inject = 'read:delay=1ms' }"));
    const CliResult result = file.run({"--check"});
    EXPECT_EQ(result.exit_code, 2) << result;
    std::size_t at = 0;
    for (const char* key : {"\"command\"", "\"ready.output\"", "\"signal\"",
                            "\"output\" can't be expected", "\"inject\""}) {
        at = result.err.find(key, at);
        EXPECT_NE(at, std::string::npos) << key << "\n" << result;
    }
}

}  // namespace
}  // namespace threadfault::test
