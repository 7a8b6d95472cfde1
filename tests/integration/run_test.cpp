// `threadfault run` takes the program's place: what goes in and comes out is the program's own.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace threadfault::test {
namespace {

namespace fs = std::filesystem;

class Scratch {
public:
    Scratch() {
        std::string pattern = (fs::temp_directory_path() / "threadfault-test-XXXXXX").string();
        path_ = mkdtemp(pattern.data()) == nullptr ? fs::path() : fs::path(pattern);
        chmod(path_.c_str(), 0755);
    }
    ~Scratch() { fs::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    fs::path file(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

TEST(Run, PassesInputAndOutputThrough) {
    Process process(cli_command({"run", "--", "sh", "-c", "cat; echo problem >&2"}));
    process.write("some\ntext without an end");
    process.close_input();
    const auto exit = process.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0);
    EXPECT_EQ(process.output(), "some\ntext without an end");
    EXPECT_EQ(process.errors(), "problem\n");
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Run, WritesItsLog) {
    const Scratch scratch;
    const fs::path log = scratch.file("log");
    {
        Process process(cli_command({"run", "--log", log, "--", TARGET_VICTIMS, "nanosleep"}));
        ASSERT_EQ(process.read_until("ready"), "ready") << process.errors();
        const std::string line =
            "threadfault[" + std::to_string(process.pid()) + "]: the agent listens\n";
        EXPECT_TRUE(eventually([&] { return text_of(log) == line; })) << text_of(log);
    }
    // Nothing to tell: the file is there all the same.
    const fs::path empty = scratch.file("empty");
    EXPECT_EQ(run_cli({"run", "--log", empty, "--", "true"}).exit_code, 0);
    EXPECT_TRUE(fs::exists(empty));
    EXPECT_EQ(text_of(empty), "");
}

TEST(Run, RefusesALogThatCannotBeWritten) {
    const Scratch scratch;
    const CliResult result =
        run_cli({"run", "--log", scratch.file("no/log"), "--", "echo", "started"});
    EXPECT_EQ(result.exit_code, 8) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("can't write the log"), std::string::npos) << result;
    const CliResult longer =
        run_cli({"run", "--log", scratch.file(std::string(250, 'x')), "--", "echo", "started"});
    EXPECT_EQ(longer.exit_code, 2) << longer;
    EXPECT_NE(longer.err.find("the limit is 255"), std::string::npos) << longer;
}

TEST(Run, PassesArgumentsAsTheyAre) {
    const CliResult result =
        run_cli({"run", "--", "printf", "<%s>", "a b", "", "--json", "-h", "--", "*"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out, "<a b><><--json><-h><--><*>");
    EXPECT_EQ(result.err, "");
}

TEST(Run, PassesTheExitCodeOn) {
    for (int code : {0, 1, 2, 7, 42, 126, 127, 255}) {
        const CliResult result = run_cli({"run", "--", "sh", "-c", "exit " + std::to_string(code)});
        EXPECT_EQ(result.exit_code, code) << result;
        EXPECT_EQ(result.out + result.err, "");
    }
}

TEST(Run, PassesSignalsOn) {
    for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGKILL}) {
        Target target({TARGET_VICTIMS, "nanosleep"});
        ASSERT_EQ(target.process().read_until("ready"), "ready");
        target.process().send_signal(signal);
        const auto exit = target.process().wait();
        ASSERT_TRUE(exit) << signal;
        EXPECT_EQ(exit->signal, signal) << "the shell makes 128+N of it";
    }
}

TEST(Run, HandledSignalsReachTheProgram) {
    Process process(
        cli_command({"run", "--", "sh", "-c",
                     "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.01; done"}));
    ASSERT_EQ(process.read_until("ready"), "ready");
    process.send_signal(SIGTERM);
    const auto exit = process.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 3);
    EXPECT_EQ(process.read_until("caught"), "caught");
}

TEST(Run, KeepsProcessIdAndDirectory) {
    const Scratch scratch;
    const std::string directory = scratch.file("").parent_path();
    Process process(cli_command({"run", "--", "sh", "-c", "echo $$; pwd"}),
                    {.directory = directory});
    EXPECT_EQ(process.read_line(), std::to_string(process.pid()));
    EXPECT_EQ(process.read_line(), directory);
    ASSERT_TRUE(process.wait());
}

TEST(Run, UnknownProgramIs127) {
    const CliResult bare = run_cli({"run", "--", "no-such-program-anywhere"});
    EXPECT_EQ(bare.exit_code, 127) << bare;
    EXPECT_EQ(std::count(bare.err.begin(), bare.err.end(), '\n'), 1) << bare;
    EXPECT_NE(bare.err.find("no-such-program-anywhere"), std::string::npos) << bare;
    EXPECT_EQ(run_cli({"run", "--", "/no/such/program"}).exit_code, 127);
}

TEST(Run, WhatCantBeExecutedIs126) {
    const Scratch scratch;
    const fs::path file = scratch.file("text");
    std::ofstream(file) << "not a program\n";
    EXPECT_EQ(run_cli({"run", "--", file}).exit_code, 126);
    EXPECT_EQ(run_cli({"run", "--", "/tmp"}).exit_code, 126) << "a directory";
}

TEST(Run, StaticProgramIsRefusedWithTheReason) {
    const CliResult result = run_cli({"run", "--", TARGET_STATIC});
    EXPECT_EQ(result.exit_code, 4) << result;
    EXPECT_EQ(result.out, "") << "it did not run";
    EXPECT_NE(result.err.find("static"), std::string::npos) << result;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result;
}

TEST(Run, SetUserIdProgramIsRefusedWithTheReason) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
    const Scratch scratch;
    const fs::path program = scratch.file("setuid");
    fs::copy_file(TARGET_STD_THREADS, program);
    ASSERT_EQ(chown(program.c_str(), 12345, 12345), 0);
    ASSERT_EQ(chmod(program.c_str(), 04755), 0);
    const CliResult result = run_cli({"run", "--", program});
    EXPECT_EQ(result.exit_code, 4) << result;
    EXPECT_EQ(result.out, "") << "it did not run";
    EXPECT_NE(result.err.find("set-user-ID"), std::string::npos) << result;
}

TEST(Run, AddressSanitizerProgramWorks) {
    if (std::string(TARGET_ASAN).empty()) GTEST_SKIP() << "the compiler has no AddressSanitizer";
    Target target({TARGET_ASAN});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready()) << target.process().errors();
    const CliResult result =
        target.command("kill", {"name=worker-1", "--how", "cancel", "--wait", "20s"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(target.process().read_until("dtor"), "dtor 1") << target.process().errors();
    target.process().close_input();
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0) << target.process().errors();
    EXPECT_EQ(target.process().errors(), "");
}

// It knows nothing of the atomics by which the shim orders what its handlers and its helper do.
TEST(Run, ThreadSanitizerReportsNothingOfOurs) {
    if (std::string(TARGET_TSAN).empty()) GTEST_SKIP() << "the compiler has no ThreadSanitizer";
    Target target({TARGET_TSAN});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready()) << target.process().errors();
    const std::vector<std::pair<std::string, std::vector<std::string>>> faults = {
        {"freeze", {"--for", "50ms"}},
        {"delay", {"20ms"}},
        {"spin", {"20ms"}},
        {"slow", {"--to", "50%", "--for", "50ms"}},
        {"interrupt", {}}};
    for (const auto& [command, more] : faults) {
        std::vector<std::string> arguments = {"name=worker-1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        // What was done before holds the thread for a moment yet.
        CliResult result;
        EXPECT_TRUE(eventually([&, command = command] {
            result = target.command(command, arguments);
            return result.exit_code == 0;
        })) << result;
    }
    target.process().close_input();
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0) << target.process().errors();
    EXPECT_EQ(target.process().errors(), "");
}

TEST(Run, ChildrenInheritTheShimUnlessToldNot) {
    const std::string program = TARGET_VICTIMS;
    for (const bool follow : {true, false}) {
        std::vector<std::string> arguments = {"run"};
        if (!follow) arguments.push_back("--no-follow");
        // `; true`: or the shell would become the program.
        arguments.insert(arguments.end(), {"--", "sh", "-c", program + " nanosleep; true"});
        Process process(cli_command(arguments));
        ASSERT_EQ(process.read_until("ready"), "ready") << process.errors();
        std::ifstream file("/proc/" + std::to_string(process.pid()) + "/task/" +
                           std::to_string(process.pid()) + "/children");
        pid_t child = 0;
        ASSERT_TRUE(file >> child);
        const auto has_agent = [&] {
            const CliResult result = run_cli({"--json", "ps", std::to_string(child)});
            return result.json.is_object() && result.json.value("agent", false);
        };
        if (follow) {
            EXPECT_TRUE(eventually(has_agent));
        } else {
            std::ifstream maps("/proc/" + std::to_string(child) + "/maps");
            const std::string text(std::istreambuf_iterator<char>(maps), {});
            EXPECT_EQ(text.find("libthreadfault_preload"), std::string::npos);
            EXPECT_FALSE(has_agent());
        }
    }
}

TEST(Signal, ReachesTheChosenThread) {
    Target target({TARGET_STD_THREADS});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const CliResult result = target.command("signal", {"name=worker-2", "USR1", "--value", "77"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.text("outcome"), "done") << result;
    EXPECT_EQ(target.process().read_until("signal"), "signal 10 value 77 on worker-2");
    const CliResult fatal = target.command("signal", {"name=worker-1", "SEGV"});
    EXPECT_EQ(fatal.exit_code, 7) << fatal;
    EXPECT_EQ(fatal.text("outcome"), "target-died") << fatal;
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, SIGSEGV);
}

}  // namespace
}  // namespace threadfault::test
