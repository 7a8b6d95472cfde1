// Which process and which threads are meant: --command, --descendants-of, faults on start.
#include "support/named_copy.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace threadfault::test {
namespace {

TEST(ProcessSelection, ByCommand) {
    const NamedCopy program(TARGET_COUNTERS, "sel");
    Target target({program.path()});
    ASSERT_TRUE(target.ready());
    const CliResult listed = run_cli({"ps", "--command", program.file(), "--json"});
    EXPECT_EQ(listed.exit_code, 0) << listed;
    EXPECT_EQ(listed.json.value("pid", 0), target.pid()) << listed;
    const CliResult by_glob = run_cli(
        {"freeze", "--json", "--command=" + program.file().substr(0, 6) + "*", "name=sleeper"});
    EXPECT_EQ(by_glob.text("outcome"), "done") << by_glob;
}

TEST(ProcessSelection, SeveralAreListedAndNoneIsTold) {
    const NamedCopy program(TARGET_COUNTERS, "two");
    Target first({program.path()});
    Target second({program.path()});
    ASSERT_TRUE(first.ready() && second.ready());
    const CliResult both = run_cli({"kill", "--command", program.file(), "name=sleeper"});
    EXPECT_EQ(both.exit_code, 3) << both;
    EXPECT_NE(both.err.find(first.pid_text()), std::string::npos) << both;
    EXPECT_NE(both.err.find(second.pid_text()), std::string::npos) << both;
    EXPECT_TRUE(task_named(first.pid(), "sleeper"));
    const CliResult none = run_cli({"ps", "--command", "no-such-program"});
    EXPECT_EQ(none.exit_code, 3) << none;
    const CliResult bare = run_cli({"ps", "--command"});
    EXPECT_EQ(bare.exit_code, 2) << bare;
    // Both words together name one of the two.
    const CliResult one = run_cli(
        {"ps", "--json", "--command", program.file(), "--descendants-of", second.pid_text()});
    EXPECT_EQ(one.json.value("pid", 0), second.pid()) << one;
}

TEST(ProcessSelection, ByAncestor) {
    Process shell({"sh", "-c", "exec 3<&0; \"$0\" run -- \"$1\" <&3 & wait", command_path(),
                   TARGET_COUNTERS});
    const std::string shell_pid = std::to_string(shell.pid());
    CliResult found;
    EXPECT_TRUE(eventually([&] {
        found = run_cli({"ps", "--json", "--descendants-of", shell_pid});
        return found.exit_code == 0;
    })) << found;
    EXPECT_NE(found.json.value("pid", 0), shell.pid());
    EXPECT_NE(found.text("command").find("counters"), std::string::npos) << found;
}

// Neither the process itself nor what a dead process has left is a descendant of anybody else.
TEST(ProcessSelection, AnAncestorThatIsNoneIsTold) {
    Process gone({"true"});
    ASSERT_TRUE(gone.wait());
    const struct {
        std::vector<std::string> words;
        int code;
        std::string says;
    } cases[] = {
        {{"ps", "--descendants-of", std::to_string(gone.pid())}, 3, "no process "},
        {{"ps", "--descendants-of", "init"}, 2, "\"init\" is not a process ID"},
        {{"ps", "--descendants-of"}, 2, "missing value"},
        {{"ps", "--descendants-of="}, 2, "missing value"},
        {{"ps", "--command", ""}, 2, "missing value"},
        {{"ps", "4711", "--command", "no-such-program"}, 3, "no target matches"},
        {{"kill", "--command", "no-such-program", "main"}, 3, "no target matches"},
    };
    for (const auto& one : cases) {
        const CliResult result = run_cli(one.words);
        EXPECT_EQ(result.exit_code, one.code) << result;
        EXPECT_NE(result.err.find(one.says), std::string::npos) << one.says << result;
        EXPECT_EQ(result.out, "") << result;
    }
}

// Of a process that both forks and executes, through commands that change a thread and a storm.
TEST(ProcessSelection, StandsWhereverAPidDoes) {
    const NamedCopy program(TARGET_COUNTERS, "wherever");
    Process shell({"sh", "-c", "exec 3<&0; \"$0\" run -- sh -c '\"$0\" <&3 & wait' \"$1\" & wait",
                   command_path(), program.path()});
    const std::string shell_pid = std::to_string(shell.pid());
    CliResult found;
    ASSERT_TRUE(eventually([&] {
        found = run_cli({"ps", "--json", "--descendants-of", shell_pid});
        return found.exit_code == 0;
    })) << found;
    const std::string journal = testing::TempDir() + program.file() + ".jsonl";
    const std::vector<std::vector<std::string>> commands = {
        {"freeze", "name=sleeper"},
        {"thaw", "--all"},
        {"slow", "name=spinner", "--to", "50%", "--for", "10ms"},
        {"interrupt", "name=reader"},
        {"signal", "name=sleeper", "WINCH"},
        {"locks"},
        {"stack", "name=reader"},
        {"inject", "pthread_create:error=EAGAIN:when=9"},
        {"inject", "--clear"},
        {"storm", "--faults", "interrupt", "--every", "1ms", "--for", "5ms", "--journal", journal,
         "--force"}};
    for (const auto& command : commands) {
        for (const auto& which : {std::vector<std::string>{"--descendants-of", shell_pid},
                                  {"--command", program.file()}}) {
            std::vector<std::string> words = command;
            words.insert(words.end(), which.begin(), which.end());
            const CliResult result = run_cli(words);
            EXPECT_EQ(result.exit_code, 0) << command.front() << result;
        }
    }
    std::filesystem::remove(journal);
}

bool has_thread(const Target& target, const std::string& name) {
    const std::vector<std::string> names = target.thread_names();
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Whoever says which thread by its number is told its path, as by its name.
TEST(Selection, ByNumberNamesThePath) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    ASSERT_TRUE(eventually([&] { return task_named(target.pid(), "reader").has_value(); }));
    const pid_t reader = task_named(target.pid(), "reader").value_or(0);
    const CliResult frozen = target.command("freeze", {std::to_string(reader)});
    EXPECT_EQ(frozen.exit_code, 0) << frozen;
    EXPECT_EQ(frozen.text("path"), "main/4") << frozen;
}

class OnStart : public testing::TestWithParam<const char*> {};

TEST_P(OnStart, EndsTheThreadBeforeItsStartRoutine) {
    Process process(
        cli_command({"run", "--on-start", std::string("start=*sleeper*:kill=") + GetParam(), "--",
                     TARGET_COUNTERS}));
    ASSERT_TRUE(process.read_until("ready"));
    const pid_t pid = process.pid();
    EXPECT_TRUE(eventually([&] { return task_named(pid, "reader").has_value(); }));
    // Under `cancel` it lives up to its first cancellation point.
    EXPECT_TRUE(eventually([&] {
        const CliResult list = run_cli({"ps", std::to_string(pid), "--json"});
        return list.exit_code == 0 && list.json["threads"].size() == 4;
    })) << run_cli({"ps", std::to_string(pid)});
    EXPECT_FALSE(task_named(pid, "sleeper"));
    EXPECT_TRUE(task_named(pid, "spinner"));
}
INSTANTIATE_TEST_SUITE_P(How, OnStart, testing::Values("exit", "vanish", "cancel"));

class OnStartHold : public testing::TestWithParam<const char*> {};

TEST_P(OnStartHold, ShowsItUntilTheThreadIsThawed) {
    const std::string fault = GetParam();
    Process process(
        cli_command({"run", "--on-start", "path=main/3:" + fault + "=1h", "--", TARGET_COUNTERS}));
    ASSERT_TRUE(process.read_until("ready"));
    const std::string pid = std::to_string(process.pid());
    const auto third = [&] {
        const CliResult list = run_cli({"ps", pid, "--json"});
        for (const auto& thread : list.json.value("threads", nlohmann::json::array())) {
            if (thread["path"] == "main/3") return thread;
        }
        return nlohmann::json::object();
    };
    EXPECT_TRUE(eventually([&] {
        return third().value("faults", nlohmann::json()).dump() == "[\"" + fault + "\"]";
    })) << third();
    EXPECT_NE(third().value("name", ""), "sleeper") << "it has not begun";
    const CliResult thawed = run_cli({"thaw", pid, "path=main/3"});
    EXPECT_EQ(thawed.exit_code, 0) << thawed;
    EXPECT_TRUE(eventually([&] { return third()["name"] == "sleeper"; }));
}
INSTANTIATE_TEST_SUITE_P(How, OnStartHold, testing::Values("freeze", "delay"),
                         [](const auto& info) { return std::string(info.param); });

// Nobody has to let it go.
TEST(OnStartDelay, EndsByItself) {
    Process process(
        cli_command({"run", "--on-start", "path=main/3:delay=300ms", "--", TARGET_COUNTERS}));
    ASSERT_TRUE(process.read_until("ready"));
    EXPECT_TRUE(eventually([&] { return task_named(process.pid(), "sleeper").has_value(); }));
}

TEST(OnStartWhen, CountsTheThreadsThatAreMeant) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    EXPECT_TRUE(has_thread(target, "reader"));
    Process process(
        cli_command({"run", "--on-start", "name=*:kill=exit:when=2..3", "--", TARGET_COUNTERS}));
    ASSERT_TRUE(process.read_until("ready"));
    const std::string pid = std::to_string(process.pid());
    CliResult list;
    EXPECT_TRUE(eventually([&] {
        list = run_cli({"ps", pid, "--json"});
        return list.exit_code == 0 && list.json["threads"].size() == 3;
    })) << list;
}

struct Wrong {
    const char* text;
    const char* message;
};
class OnStartErrors : public testing::TestWithParam<Wrong> {};

TEST_P(OnStartErrors, AreToldAndNothingIsStarted) {
    const CliResult result =
        run_cli({"run", "--on-start", GetParam().text, "--", "touch", "/nowhere/started"});
    EXPECT_EQ(result.exit_code, 2) << result;
    EXPECT_NE(result.err.find(GetParam().message), std::string::npos) << result;
}
INSTANTIATE_TEST_SUITE_P(
    All, OnStartErrors,
    testing::Values(Wrong{"start=x", "expected SELECTOR:kill="},
                    Wrong{":kill=exit", "the selector is missing"},
                    Wrong{"nth=1:kill=exti", "did you mean \"exit\"?"},
                    Wrong{"state=R:kill=exit", "expected name=, start=, path= or nth="},
                    Wrong{"nth=1:delay=fast", "a duration such as"},
                    Wrong{"nth=1:kill=exit:thread=main",
                          "comes before the fault; thread= is not allowed"},
                    Wrong{"main:kill=exit", "the main thread has no start routine"},
                    Wrong{"path=main:delay=1s", "the main thread has no start routine"},
                    Wrong{"nth=1:spin=1s", "expected SELECTOR:kill="},
                    Wrong{"nth=1:delay=1s:when=0", "column 28: expected a number from 1"},
                    Wrong{"nth=x:freeze=1s", "threads are counted from 1"}),
    [](const auto& info) { return "case" + std::to_string(info.index); });

}  // namespace
}  // namespace threadfault::test
