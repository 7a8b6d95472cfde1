// How a run ends: in good order, by a mistake in a file, by its time limit, by the user; nothing is
// left of a target in any case.
#include "scenario_run.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "target_family.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <tuple>

namespace threadfault::test {
namespace {

// The target's process id comes out by a step.
const std::string kLongTest = one_test(
    "{ run = \"echo $TARGET_PID > {dir}/pid.new && mv {dir}/pid.new {dir}/pid\" },\n"
    "{ wait = \"1000s\" }",
    "timeout = \"2000s\"\n");

pid_t await_target(const ScenarioFile& file) {
    std::string text;
    eventually([&] { return !(text = file.read("pid")).empty(); });
    return text.empty() ? -1 : std::stoi(text);
}

class Interrupted : public testing::TestWithParam<int> {};

TEST_P(Interrupted, LeavesNothing) {
    const ScenarioFile file(kLongTest);
    Process program(
        cli_command({"test", file.path(), "--junit", file.path("junit.xml"), "--repeat", "3"}));
    const pid_t target = await_target(file);
    ASSERT_GT(target, 0) << program.errors();
    program.send_signal(GetParam());
    const auto exit = program.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status(), 128 + GetParam());
    EXPECT_TRUE(eventually([&] { return tasks(target).empty(); })) << target;
    if (GetParam() == SIGKILL) return;
    EXPECT_NE(program.output().find("INTERRUPTED"), std::string::npos) << program.output();
    EXPECT_NE(program.output().find("0 passed, 0 failed, 3 not run"), std::string::npos)
        << program.output();
    EXPECT_NE(file.read("junit.xml").find("<skipped message=\"interrupted\"/>"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Scenario, Interrupted, testing::Values(SIGINT, SIGTERM, SIGKILL),
                         [](const auto& info) { return sigabbrev_np(info.param); });

// Before the guardian does its work nobody would clear up.
TEST(Killed, BeforeThereIsAGuardianLeavesNothing) {
    namespace fs = std::filesystem;
    const ScenarioFile file(one_test("{ wait = \"1ms\" }"));
    const fs::path real = HELPERS_DIRECTORY;
    fs::create_directory(file.path("libexec"));
    fs::create_directory(file.path("tmp"));
    for (const auto& program : fs::directory_iterator(real)) {
        const std::string name = program.path().filename();
        if (name == "threadfault-guardian") continue;
        fs::create_symlink(program.path(), file.path("libexec/" + name));
    }
    const std::string guardian = file.path("libexec/threadfault-guardian");
    std::ofstream(guardian) << "#!/bin/sh\necho $$ > " << file.path("begun")
                            << "\nexec sleep 1000\n";
    fs::permissions(guardian, fs::perms::owner_all);
    SpawnOptions options;
    options.environment = {{"THREADFAULT_LIBEXEC", file.path("libexec")},
                           {"TMPDIR", file.path("tmp")}};
    Process program(cli_command({"test", file.path()}), options);
    ASSERT_TRUE(eventually([&] { return !file.read("begun").empty(); })) << program.errors();
    program.send_signal(SIGKILL);
    EXPECT_TRUE(program.wait());
    EXPECT_TRUE(fs::is_empty(file.path("tmp")));
    kill(std::stoi(file.read("begun")), SIGKILL);
}

// Targets that are hard to get rid of, whether the run ends by itself or by the user.
class OfAFamily : public testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(OfAFamily, NothingIsLeft) {
    const auto [mode, signal] = GetParam();
    const Family family(mode);
    const ScenarioFile file(one_test(
        signal == 0 ? "{ wait = \"1ms\" }" : "{ run = \"touch {dir}/pid\" }, { wait = \"1000s\" }",
        "timeout = \"2000s\"\ntarget = { command = [\"" TARGET_FAMILY "\", \"" + std::string(mode) +
            "\", \"" + family.command()[2] +
            "\"], ready = { output = \"^ready\", within = \"60s\" } }\n"));
    Process program(cli_command({"test", file.path()}));
    if (signal != 0) {
        ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file.path("pid")); }, kLong))
            << program.output() << program.errors();
        EXPECT_GT(family.living(), 0);
        program.send_signal(signal);
    }
    const auto exit = program.wait(kLong);
    ASSERT_TRUE(exit) << program.output();
    EXPECT_EQ(exit->status(), signal == 0 ? 0 : 128 + signal) << program.output();
    EXPECT_TRUE(family.vanishes());
}

INSTANTIATE_TEST_SUITE_P(Scenario, OfAFamily,
                         testing::Combine(testing::Values("stubborn", "daemons", "hopper"),
                                          testing::Values(0, SIGINT, SIGKILL)),
                         [](const auto& info) {
                             const int signal = std::get<1>(info.param);
                             return std::string(std::get<0>(info.param)) +
                                    (signal == 0 ? "End" : sigabbrev_np(signal));
                         });

TEST(ScenarioEnd, ATestHasATimeLimit) {
    const ScenarioFile file(one_test("{ wait = \"1000s\" }", "timeout = \"500ms\"\n"));
    const CliResult result = file.run({"--json"});
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_EQ(result.json["tests"][0]["failure"]["message"],
              "the test did not end within 500.0 ms");
}

TEST(ScenarioEnd, AMistakeStartsNothing) {
    const ScenarioFile file(one_test("{ run = \"touch {dir}/started\" },\n{ wiat = \"1s\" }"));
    for (const bool check : {false, true}) {
        const CliResult result = check ? file.run({"--check", "--json"}) : file.run({"--json"});
        EXPECT_EQ(result.exit_code, 2) << result;
        EXPECT_EQ(result.json["error"]["code"], "bad_scenario") << result;
        EXPECT_EQ(result.json["error"]["message"],
                  file.path() +
                      ":12:3: step without a verb: \"wiat\" is not one; did you mean \"wait\"?");
        EXPECT_FALSE(std::filesystem::exists(file.path("started")));
    }
}

TEST(ScenarioEnd, EveryWrongFileIsTold) {
    const ScenarioFile one("[[tset]]\n");
    const ScenarioFile two("");
    const CliResult result = run_cli({"test", "--check", one.path(), two.path()});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find(one.path() + ":8:3: unknown key \"tset\""), std::string::npos)
        << result;
    EXPECT_NE(result.err.find(two.path() + ":1:1: the file has no [[test]]"), std::string::npos)
        << result;
}

TEST(ScenarioEnd, AGoodFileIsChecked) {
    const ScenarioFile file(kLongTest);
    const CliResult result = file.run({"--check"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out, file.path() + ": 1 test\n");
}

const std::string kTwoTests =
    "[[test]]\nname = \"one\"\nsteps = [{ kill = \"name=worker-*\", how = \"vanish\", random = "
    "true, wait = \"20s\" }]\n"
    "[[test]]\nname = \"two\"\nsteps = [{ expect = { output = \"ready\" } }]\n";

TEST(ScenarioOptions, RepeatInOrderWithJobs) {
    const ScenarioFile file(kTwoTests);
    const CliResult result = file.run({"--repeat", "3", "--jobs", "3", "--json", "--seed", "5"});
    EXPECT_EQ(result.exit_code, 0) << result;
    ASSERT_EQ(result.json["tests"].size(), 6U);
    for (std::size_t i = 0; i < 6; i++) {
        EXPECT_EQ(result.json["tests"][i]["name"], i % 2 == 0 ? "one" : "two");
        EXPECT_EQ(result.json["tests"][i]["repetition"], i / 2 + 1);
        EXPECT_EQ(result.json["tests"][i]["seed"], 5 + i / 2) << "each can be had again alone";
    }
    EXPECT_EQ(result.json["seed"], 5);
}

// The name of the thread that a seed chooses.
std::string choice(const ScenarioFile& file, int seed) {
    const CliResult result = file.run({"-k", "one", "--json", "--seed", std::to_string(seed)});
    if (result.exit_code != 0) return "";
    for (const std::string line : result.json["tests"][0]["journal"]) {
        const std::size_t at = line.find("worker-");
        if (at != std::string::npos) return line.substr(at, 8);
    }
    return "";
}

TEST(ScenarioOptions, TheSeedDecides) {
    const ScenarioFile file(kTwoTests);
    std::set<std::string> chosen;
    for (int seed = 1; seed <= 8; seed++) {
        const std::string first = choice(file, seed);
        EXPECT_EQ(first.size(), 8U);
        EXPECT_EQ(choice(file, seed), first) << seed;
        chosen.insert(first);
    }
    EXPECT_EQ(chosen.size(), 2U) << "and not always the same";
}

TEST(ScenarioOptions, Patterns) {
    const ScenarioFile file(kTwoTests);
    EXPECT_EQ(file.run({"-k", "t?o", "--json"}).json["tests"].size(), 1U);
    EXPECT_EQ(file.run({"-k", "o", "--json"}).json["tests"].size(), 2U);
    const CliResult none = file.run({"-k", "towo"});
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_NE(none.err.find("did you mean \"two\"?"), std::string::npos) << none;
}

TEST(ScenarioOptions, TapAndLogs) {
    const ScenarioFile file(kTwoTests);
    const CliResult result = file.run({"--tap", "--keep-logs", file.path("logs")});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_TRUE(result.out.starts_with("TAP version 14\n1..2\nok 1 - ")) << result;
    EXPECT_EQ(file.read("logs/s.two.out"), "ready \n");
    EXPECT_NE(file.read("logs/s.one.journal").find(" s  kill "), std::string::npos);
}

TEST(ScenarioOptions, WhatCantBeWrittenIsToldBeforehand) {
    const ScenarioFile file(one_test("{ run = \"touch {dir}/started\" }"));
    for (const char* option : {"--junit", "--keep-logs"}) {
        const CliResult result = file.run({option, "/dev/null/x"});
        EXPECT_EQ(result.exit_code, 2) << result;
        EXPECT_FALSE(std::filesystem::exists(file.path("started")));
    }
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"--repeat", "0"}, {"--jobs", "x"}, {"--tap", "--json"}, {"--seed", "-1"}}) {
        EXPECT_EQ(file.run(arguments).exit_code, 2) << arguments[0];
    }
}

}  // namespace
}  // namespace threadfault::test
