// Scenario files with mistakes, through the command: place, reason, exit status 2; nothing started.
#include <gtest/gtest.h>

#include "scenario_run.hpp"

namespace threadfault::test {
namespace {

struct Mistake {
    const char* label;
    const char* tests;  // behind the 7 lines of ScenarioFile
    const char* told;   // behind "FILE:"
};

void PrintTo(const Mistake& mistake, std::ostream* stream) {
    *stream << mistake.label;
}

// With the step in line 11, column 1; what is before is good.
#define STEP(step) "[[test]]\nname = \"t\"\nsteps = [\n" step "\n]\n"

const Mistake kMistakes[] = {
    {"no_test", "", "1:1: the file has no [[test]]"},
    {"header", "[[test\n", "8:7: "},
    {"header_key", "[[!est]\n", "8:3: "},
    {"header_letter", "[ \u00e9 ]\n", "8:3: "},
    {"no_value", "[[test]]\nname =\n", "9:7: "},
    {"open_text", "[[test]]\nname = \"t\n", "9:10: "},
    {"same_key", "[[test]]\nname = \"t\"\nname = \"u\"\n", "10:"},
    {"top_key", "[[tests]]\n", "8:3: unknown key \"tests\" in the file; did you mean \"test\"?"},
    {"single", "[test]\nname = \"t\"\n", "8:1: \"test\" in the file must be written as [[test]]"},
    {"test_key", "[[test]]\nname = \"t\"\nstep = []\n",
     "10:1: unknown key \"step\" in test \"t\"; did you mean \"steps\"?"},
    {"no_name", "[[test]]\nsteps = []\n", "8:1: [[test]] lacks \"name\""},
    {"no_steps", "[[test]]\nname = \"t\"\n", "8:1: test \"t\" lacks \"steps\""},
    {"timeout", "[[test]]\nname = \"t\"\ntimeout = 5\nsteps = []\n", "10:11: "},
    {"probe_key", "[[probe]]\nname = \"p\"\nhtpp = { url = \"http://a\" }\n",
     "10:1: unknown key \"htpp\" in probe \"p\"; did you mean \"http\"?"},
    {"probe_kind", "[[probe]]\nname = \"p\"\n", "8:1: probe \"p\" lacks one of"},
    {"probe_again", "[[probe]]\nname = \"ping\"\ncommand = [\"true\"]\n",
     "8:1: duplicate probe \"ping\""},
    {"probe_every", "[[probe]]\nname = \"p\"\ncommand = [\"true\"]\nevery = \"often\"\n", "11:9: "},
    {"probe_regex", "[[probe]]\nname = \"p\"\ntcp = { to = \"a:1\", expect = \"(\" }\n", "10:"},
    {"target_again", "[target]\ncommand = [\"x\"]\n", "8:"},
    {"step_key", STEP("{ kill = \"name=w\", hwo = \"vanish\" }"),
     "11:20: unknown key \"hwo\" in step \"kill\"; did you mean \"how\"?\n"},
    {"step_verb", STEP("{ kil = \"name=w\" }"), "11:3: "},
    {"step_verbs", STEP("{ kill = \"main\", run = \"x\" }"),
     "11:1: step has two verbs, \"kill\" and \"run\""},
    {"step_empty", STEP("{ }"), "11:1: empty step"},
    {"step_text", STEP("\"kill\""), "11:1: a step must be a table"},
    {"selector", STEP("{ kill = \"worker\" }"), "11:10: selector \"worker\""},
    {"selector_key", STEP("{ freeze = \"nmae=w\" }"),
     "11:12: selector \"nmae=w\": unknown key \"nmae\"; did you mean name=w?"},
    {"how", STEP("{ kill = \"main\", how = \"gone\" }"),
     "11:24: \"how\" in step \"kill\": invalid value"},
    {"duration", STEP("{ wait = \"1 hour\" }"),
     "11:10: \"wait\" in step \"wait\": \"1 hour\" is not a duration"},
    {"percent", STEP("{ slow = \"main\", to = 10 }"), "11:23: "},
    {"signal", STEP("{ signal = \"main\", sig = \"HUPP\" }"), "11:26: \"sig\" in step \"signal\""},
    {"spec", STEP("{ inject = \"pthread_create:eror=EAGAIN\" }"), "11:12: SPEC"},
    {"points", STEP("{ inject = \"read:error=EIO\" }"), "11:12: \"inject\" in step \"inject\""},
    {"expect_key", STEP("{ expect = { aliev = true } }"),
     "11:14: unknown key \"aliev\" in \"expect\"; did you mean \"alive\"?"},
    {"expect_probe", STEP("{ expect = { probe = \"pong\" } }"),
     "11:22: \"probe\" in \"expect\": unknown [[probe]] \"pong\"; did you mean \"ping\"?"},
    {"expect_type", STEP("{ expect = { alive = \"yes\" } }"), "11:22: "},
    {"expect_none", STEP("{ expect = { } }"), "11:12: \"expect\" is empty"},
};

class MalformedScenario : public testing::TestWithParam<Mistake> {};

TEST_P(MalformedScenario, IsToldAndStartsNothing) {
    // A good test beside it, whose target would leave a trace.
    const ScenarioFile good(one_test("{ run = \"true\" }",
                                     "target = { command = [\"touch\", \"started\"], "
                                     "cwd = \"{dir}\" }\n"));
    const ScenarioFile bad(GetParam().tests);
    for (const bool check : {false, true}) {
        std::vector<std::string> arguments = {"test", good.path(), bad.path()};
        if (check) arguments.emplace_back("--check");
        const CliResult result = run_cli(arguments);
        EXPECT_EQ(result.exit_code, 2) << result;
        EXPECT_EQ(result.out, "") << result;
        EXPECT_TRUE(result.err.starts_with("threadfault: " + bad.path() + ":" + GetParam().told))
            << result;
        EXPECT_FALSE(std::filesystem::exists(good.path("started")));
    }
}

INSTANTIATE_TEST_SUITE_P(Scenario, MalformedScenario, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return std::string(info.param.label); });
static_assert(std::size(kMistakes) >= 30);

// Libcurl is looked for by the first file with an HTTP probe: a machine without it runs the others.
TEST(ScenarioWithoutCurl, SaysWhatIsMissing) {
    const ScenarioFile with(
        "[[probe]]\nname = \"web\"\nhttp = { url = \"http://127.0.0.1:1/\" }\n" +
        one_test("{ wait = \"1ms\" }"));
    const ScenarioFile without(one_test("{ wait = \"1ms\" }"));
    // Found first, and none of them a library.
    for (const char* const name : {"libcurl.so.4", "libcurl-gnutls.so.4"})
        std::ofstream(with.path(name)) << "no library\n";
    const std::string directory = std::filesystem::path(with.path()).parent_path();
    const SpawnOptions options{.environment = {{"LD_LIBRARY_PATH", directory}}};
    const CliResult result = run_cli({"test", with.path()}, options);
    EXPECT_EQ(result.exit_code, 8) << result;
    EXPECT_NE(result.err.find("HTTP probes need libcurl: "), std::string::npos) << result;
    EXPECT_NE(result.err.find("apt-get install libcurl4"), std::string::npos) << result;
    EXPECT_EQ(run_cli({"test", without.path()}, options).exit_code, 0);
}

}  // namespace
}  // namespace threadfault::test
