// What users get wrong: the documented exit code, one line that says what to do, nothing harmed.
#include "victim.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>

namespace threadfault::test {
namespace {

// A process id that belongs to nobody: that of a child which is dead and buried.
pid_t dead_pid() {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    return child;
}

void expect_error(const std::vector<std::string>& arguments, int exit_code,
                  const std::string& code_name, bool with_hint = true) {
    const CliResult plain = run_cli(arguments);
    EXPECT_EQ(plain.exit_code, exit_code) << plain;
    EXPECT_EQ(plain.out, "");
    EXPECT_EQ(std::count(plain.err.begin(), plain.err.end(), '\n'), 1) << plain;
    EXPECT_TRUE(plain.err.starts_with("threadfault: ")) << plain;

    std::vector<std::string> as_json = arguments;
    as_json.insert(as_json.begin(), "--json");
    const CliResult json = run_cli(as_json);
    EXPECT_EQ(json.exit_code, exit_code) << json;
    EXPECT_EQ(json.out, "");
    EXPECT_EQ(std::count(json.err.begin(), json.err.end(), '\n'), 1) << json;
    ASSERT_TRUE(json.json.is_object() && json.json.contains("error")) << json;
    const nlohmann::json& error = json.json["error"];
    EXPECT_EQ(error.value("code", ""), code_name) << json;
    EXPECT_NE(error.value("message", ""), "") << json;
    if (with_hint) {
        EXPECT_NE(error.value("hint", ""), "") << json;
    }
}

class BadInput : public testing::Test {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(victim_.await()); }
    void TearDown() override {
        EXPECT_EQ(tasks(victim_.pid()).size(), 5U);  // main, victim, bystanders, helper
        EXPECT_TRUE(victim_.bystanders_progress());
    }
    std::string pid() { return victim_.target().pid_text(); }

    Victim victim_{"nanosleep"};
};

TEST_F(BadInput, NoSuchProcess) {
    const std::string nobody = std::to_string(dead_pid());
    expect_error({"kill", nobody, "main"}, 3, "no_such_process", false);
    expect_error({"ps", nobody}, 3, "no_such_process", false);
    expect_error({"signal", nobody, "main", "USR1"}, 3, "no_such_process", false);
}

TEST_F(BadInput, DeadThread) {
    expect_error({"kill", pid(), std::to_string(dead_pid())}, 3, "no_such_thread");
}

TEST_F(BadInput, ThreadOfAnotherProcess) {
    expect_error({"kill", pid(), std::to_string(getpid())}, 3, "no_such_thread");
}

TEST_F(BadInput, NoThreadOfThatName) {
    expect_error({"kill", pid(), "name=bystandr"}, 3, "no_such_thread");
    const CliResult result = run_cli({"kill", pid(), "name=bystandr"});
    EXPECT_NE(result.err.find("bystander"), std::string::npos)
        << "suggests the nearest: " << result;
}

TEST_F(BadInput, AmbiguousSelectorListsTheThreads) {
    expect_error({"kill", pid(), "name=bystander"}, 3, "ambiguous_selector");
    const CliResult result = run_cli({"kill", pid(), "name=bystander"});
    for (pid_t tid : tasks(victim_.pid())) {
        const bool is_meant = task_name(victim_.pid(), tid) == "bystander";
        EXPECT_EQ(result.err.find(std::to_string(tid)) != std::string::npos,
                  is_meant || tid == victim_.pid())
            << tid << ": " << result;
    }
}

TEST_F(BadInput, NonsenseSelectors) {
    for (const char* selector : {"nonsense", "name", "naem=victim", "=victim", "nth=x", "nth=-1",
                                 "path=1/2", "waiting=lunch", "name=victim,"}) {
        SCOPED_TRACE(selector);
        expect_error({"kill", pid(), selector}, 2, "bad_selector");
    }
    expect_error({"kill", pid(), "99999999999999999999"}, 3, "no_such_thread");
}

TEST_F(BadInput, NonsenseValues) {
    expect_error({"kill", pid(), "name=victim", "--how", "vanihs"}, 2, "usage");
    expect_error({"kill", pid(), "name=victim", "--wait", "soon"}, 2, "usage", false);
    expect_error({"signal", pid(), "name=victim", "URS1"}, 2, "usage");
    expect_error({"kill", "twelve", "main"}, 2, "usage", false);
    expect_error({"kill", "-5", "main"}, 2, "usage", false);
}

TEST_F(BadInput, TypingErrors) {
    expect_error({"kill", pid(), "name=victim", "--hwo", "exit"}, 2, "usage");
    expect_error({"kil", pid(), "name=victim"}, 2, "usage");
    expect_error({"kill", pid()}, 2, "usage", false);
    expect_error({"run"}, 2, "usage");
}

TEST_F(BadInput, HelperThreadIsImmune) {
    const auto helper = task_named(victim_.pid(), "threadfault");
    ASSERT_TRUE(helper);
    expect_error({"kill", pid(), std::to_string(*helper)}, 3, "no_such_thread", false);
}

TEST(NoAgent, ProcessWithoutShim) {
    Process bare({TARGET_VICTIMS, "nanosleep"});
    ASSERT_EQ(bare.read_until("ready"), "ready");
    const std::string pid = std::to_string(bare.pid());
    expect_error({"kill", pid, "name=victim"}, 4, "no_agent");
    const CliResult result = run_cli({"--json", "ps", pid});
    EXPECT_EQ(result.exit_code, 0) << "looking needs no agent: " << result;
    ASSERT_TRUE(result.json.is_object()) << result;
    EXPECT_FALSE(result.json.value("agent", true));
    EXPECT_EQ(result.json["threads"].size(), 4U) << result;
    EXPECT_TRUE(bare.running());
}

TEST(NoAgent, SingleThreadedProcessUnderTheShim) {
    Target target({"cat"});
    // It has executed cat when its command line says so.
    ASSERT_TRUE(eventually([&] {
        std::ifstream file("/proc/" + target.pid_text() + "/comm");
        std::string name;
        return std::getline(file, name) && name == "cat";
    }));
    expect_error({"kill", target.pid_text(), "main"}, 4, "no_agent");
    EXPECT_TRUE(target.process().running());
}

TEST(NoAgent, StaticProgram) {
    Process program({TARGET_STATIC, "stay"});
    ASSERT_EQ(program.read_until("ready"), "ready");
    expect_error({"kill", std::to_string(program.pid()), "main"}, 4, "no_agent");
}

TEST(KilledTarget, IsNoSuchProcess) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const std::string pid = victim.target().pid_text();
    victim.target().process().send_signal(SIGKILL);
    ASSERT_TRUE(victim.target().process().wait());
    expect_error({"kill", pid, "name=victim"}, 3, "no_such_process", false);
}

TEST(OurOwnFailure, HasAnExitCodeOfItsOwn) {
    const std::string doctor = "exec " + command_path() + " --json doctor > /dev/full";
    Process unwritten({"/bin/sh", "-c", doctor});
    const auto exit = unwritten.wait(kPatience);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 8) << unwritten.errors();
    EXPECT_NE(unwritten.errors().find("\"code\":\"not_written\""), std::string::npos)
        << unwritten.errors();
}

TEST(StoppedTarget, IsToldAndNotWaitedForForEver) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    victim.target().process().send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(victim.pid(), victim.tid()) == 'T'; }));
    const CliResult result = victim.kill("exit", "300ms");
    EXPECT_EQ(result.exit_code, 6) << result;
    EXPECT_TRUE(result.text("reason").starts_with("target-stopped")) << result;
    victim.target().process().send_signal(SIGCONT);
    EXPECT_TRUE(victim.bystanders_progress());
}

}  // namespace
}  // namespace threadfault::test
