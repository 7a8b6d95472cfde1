// Which tests are run: -x, --last-failed, --list, directories and patterns; and what is told of
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario_run.hpp"

namespace threadfault::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string shell_test(const std::string& name, const std::string& command) {
    return "[[test]]\nname = \"" + name + "\"\nsteps = [ { run = \"" + command + "\" } ]\n";
}

// One that passes, two that fail, unless a file "good" lies beside them.
class ChosenTests : public testing::Test {
protected:
    CliResult run(std::vector<std::string> arguments, const std::string& directory = {}) {
        arguments.insert(arguments.begin(), "test");
        SpawnOptions options;
        options.directory = directory;
        options.environment["XDG_CACHE_HOME"] = file.path("cache");
        return run_cli(arguments, options);
    }

    const ScenarioFile file{shell_test("passes", "true") +
                            shell_test("first", "test -e {dir}/good") +
                            shell_test("second", "test -e {dir}/good")};
};

TEST_F(ChosenTests, TheFirstFailureEndsTheRun) {
    const CliResult all = run({file.path()});
    EXPECT_EQ(all.exit_code, 1);
    EXPECT_THAT(all.out, HasSubstr("1 passed, 2 failed"));
    for (const char* option : {"-x", "--exitfirst"}) {
        const CliResult result = run({file.path(), option});
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_THAT(result.out, HasSubstr("1 passed, 1 failed, 1 not run")) << result;
        EXPECT_THAT(result.out, Not(HasSubstr("second")));
    }
    EXPECT_THAT(run({file.path(), "-x", "--tap"}).out, HasSubstr("Bail out!"));
}

TEST_F(ChosenTests, WhatFailedLastTime) {
    // Nothing is known: all.
    CliResult result = run({file.path(), "--last-failed"});
    EXPECT_THAT(result.err, HasSubstr("all are run"));
    EXPECT_THAT(result.out, HasSubstr("1 passed, 2 failed"));
    result = run({file.path(), "--last-failed"});
    EXPECT_THAT(result.out, HasSubstr("0 passed, 2 failed"));
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(run({file.path(), "--last-failed", "-k", "second", "--list"}).out,
              file.path() + ": second\n");
    std::ofstream(file.path("good")) << "";
    EXPECT_THAT(run({file.path(), "--last-failed", "-k", "first"}).out,
                HasSubstr("1 passed, 0 failed"));
    // What was not run stays as it was.
    EXPECT_EQ(run({file.path(), "--last-failed", "--list"}).out, file.path() + ": second\n");
    EXPECT_THAT(run({file.path(), "--last-failed"}).out, HasSubstr("1 passed, 0 failed"));
    EXPECT_THAT(run({file.path(), "--last-failed"}).out, HasSubstr("3 passed, 0 failed"));
}

TEST_F(ChosenTests, WhatFailedLastTimeWithoutAFile) {
    const std::string elsewhere = file.path("elsewhere");
    std::filesystem::create_directories(elsewhere);
    // Nothing is known.
    CliResult result = run({"--last-failed"}, elsewhere);
    EXPECT_EQ(result.exit_code, 2) << result;
    EXPECT_THAT(result.err, HasSubstr("failed last time (name what is to be run"));
    result = run({"--last-failed", "--json"}, elsewhere);
    EXPECT_EQ(nlohmann::json::parse(result.err)["error"]["code"], "no_such_test") << result;

    EXPECT_EQ(run({file.path()}, elsewhere).exit_code, 1);
    const std::string all = ": first\n" + file.path() + ": second\n";
    // From where it was run, and from where the file lies; and nowhere else.
    EXPECT_EQ(run({"--last-failed", "--list"}, elsewhere).out, file.path() + all);
    EXPECT_EQ(run({"--last-failed", "--list"}, file.path("")).out,
              "s.toml: first\ns.toml: second\n");
    const std::string another = file.path("another");
    std::filesystem::create_directories(another);
    EXPECT_EQ(run({"--last-failed", "--list"}, another).exit_code, 2);

    // -k goes on choosing.
    std::ofstream(file.path("good")) << "";
    EXPECT_THAT(run({"--last-failed", "-k", "first"}, elsewhere).out,
                HasSubstr("1 passed, 0 failed"));
    EXPECT_THAT(run({"--last-failed"}, elsewhere).out, HasSubstr("1 passed, 0 failed"));
    EXPECT_EQ(run({"--last-failed"}, elsewhere).exit_code, 2);
}

TEST_F(ChosenTests, AFileThatIsGoneOrHasOtherTestsByNow) {
    const std::string bad = file.path("bad.toml");
    const auto write = [&](const char* name) {
        std::ofstream(bad) << "[target]\ncommand = [\"sleep\", \"1000\"]\n"
                           << shell_test(name, "false");
    };
    write("one");
    EXPECT_EQ(run({bad}, file.path("")).exit_code, 1);
    write("another");
    const CliResult renamed = run({"--last-failed"}, file.path(""));
    EXPECT_EQ(renamed.exit_code, 2) << renamed;
    EXPECT_THAT(renamed.err, HasSubstr("failed last time"));
    std::filesystem::remove(bad);
    EXPECT_EQ(run({"--last-failed"}, file.path("")).exit_code, 2);
}

TEST_F(ChosenTests, AListRunsNothing) {
    const CliResult result = run({file.path(), "--list", "--repeat", "3"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out,
              file.path() + ": passes\n" + file.path() + ": first\n" + file.path() + ": second\n");
    const CliResult json = run({file.path(), "--list", "-k", "first", "--json"});
    EXPECT_EQ(json.json["list"],
              (nlohmann::json::array({{{"file", file.path()}, {"name", "first"}}})))
        << json;
}

TEST_F(ChosenTests, VerboseAndDurations) {
    const CliResult result = run({file.path(), "-k", "passes", "-v", "--durations", "5"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("what was done:"));
    EXPECT_THAT(result.out, HasSubstr("the slowest test:\n"));
    EXPECT_THAT(run({file.path(), "-k", "passes"}).out, Not(HasSubstr("what was done:")));
    EXPECT_EQ(run({file.path(), "--durations", "x"}).exit_code, 2);
}

TEST_F(ChosenTests, DirectoriesAndPatterns) {
    const std::string directory = file.path("more");
    std::filesystem::create_directories(directory + "/below");
    std::filesystem::create_directories(directory + "/.hidden");
    for (const char* name : {"/b.toml", "/below/a.toml", "/.hidden/c.toml", "/notes.txt"})
        std::ofstream(directory + name) << "[target]\ncommand = [\"true\"]\n"
                                        << shell_test("t", "true");
    const std::string b = directory + "/b.toml: t\n";
    const std::string a = directory + "/below/a.toml: t\n";
    EXPECT_EQ(run({directory, "--list"}).out, b + a);
    EXPECT_EQ(run({directory + "/*.toml", "--list"}).out, b);
    EXPECT_EQ(run({directory + "/be*", "--list"}).out, a);
    // Each file once.
    EXPECT_EQ(run({directory, directory + "/b.toml", "--list"}).out, b + a);
    for (const std::string& nothing : {directory + "/*.tml", directory + "/.hidden/none"}) {
        const CliResult result = run({nothing, "--list"});
        EXPECT_EQ(result.exit_code, 2) << result;
        EXPECT_THAT(result.err, HasSubstr(nothing));
    }
    std::filesystem::create_directories(directory + "/empty");
    EXPECT_THAT(run({directory + "/empty"}).err, HasSubstr("no *.toml file"));
}

TEST_F(ChosenTests, AllMistakesAtOnceInTheOrderOfTheLines) {
    const ScenarioFile bad(
        "[[probe]]\nname = \"p\"\nhtpp = { url = \"http://a\" }\nevry = \"1s\"\n"
        "[[test]]\nname = \"one\"\ntimeuot = \"1s\"\nsteps = [\n"
        "{ kill = \"name=w\", hwo = \"vanish\" },\n"
        "{ wait = \"1 hour\" },\n"
        "{ expect = { probe = \"p\" } },\n"
        "]\n"
        "[[test]]\nname = \"one\"\nsteps = [ { freeze = \"nmae=w\" } ]\n");
    const CliResult result = run({bad.path(), "--check"});
    EXPECT_EQ(result.exit_code, 2);
    const auto line = [&](const char* place, const char* text) {
        return "threadfault: " + bad.path() + ":" + place + ": " + text;
    };
    std::istringstream lines(result.err);
    std::vector<std::string> told;
    for (std::string one; std::getline(lines, one);)
        told.push_back(one);
    using testing::StartsWith;
    EXPECT_THAT(told, testing::ElementsAre(
                          StartsWith(line("10:1", "unknown key \"htpp\" in probe \"p\"")),
                          StartsWith(line("11:1", "unknown key \"evry\" in probe \"p\"")),
                          StartsWith(line("14:1", "unknown key \"timeuot\" in test \"one\"")),
                          StartsWith(line("16:20", "unknown key \"hwo\" in step \"kill\"")),
                          StartsWith(line("17:10", "\"wait\" in step \"wait\"")),
                          StartsWith(line("20:1", "duplicate test \"one\"")),
                          StartsWith(line("22:22", "selector \"nmae=w\""))));
}

}  // namespace
}  // namespace threadfault::test
