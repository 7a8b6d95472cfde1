#include "scenario/report/report.hpp"
#include "base/clean_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace {

using namespace threadfault::scenario;

TestResult passed_test() {
    TestResult result;
    result.file = "a.toml";
    result.name = "goes on";
    result.seconds = 0.25;
    result.seed = 7;
    result.journal = {"0.0 s kill name=w: 12 w ended"};
    return result;
}

TestResult failed_test() {
    TestResult result;
    result.file = "b.toml";
    result.name = "loses <one> & \"lives\" # \\";
    result.seconds = 1.5;
    result.seed = 8;
    result.repetition = 2;
    result.repetitions = 3;
    Failure failure;
    failure.place = {"b.toml", 4, 7};
    failure.step = "{ expect = { alive = true } }";
    failure.message = "expected an answer\nwithin 1s";
    failure.ending = "was ended by SIGABRT";
    failure.verdict = "stuck";
    failure.evidence = {"3 threads wait"};
    failure.codes = {"waits_for_lock"};
    failure.kind = FailureKind::wrong_progress;
    failure.locks = "mutex m\n  owner 12 (dead)\n";
    failure.stack = "#0 f\n#1 g\n";
    failure.output = std::string("out\x1b[2J ]]> \xff\n");
    result.failure = failure;
    result.journal = {"did <this>"};
    return result;
}

TestResult interrupted_test() {
    TestResult result = passed_test();
    result.name = "was cut off";
    result.interrupted = true;
    return result;
}

std::vector<TestResult> three() {
    return {passed_test(), failed_test(), interrupted_test()};
}

Summary summary() {
    Summary sum = summarise(three(), 5);
    sum.seconds = 2;
    sum.seed = 99;
    return sum;
}

TEST(Summary, Counts) {
    EXPECT_EQ(summary().passed, 1U);
    EXPECT_EQ(summary().failed, 1U);
    EXPECT_EQ(summary().not_run, 3U);
}

TEST(Human, APassedTestIsALine) {
    EXPECT_EQ(human_result(passed_test(), false), "ok  a.toml: goes on (250.0 ms)\n");
    EXPECT_EQ(human_result(passed_test(), true), "\x1b[32mok\x1b[0m  a.toml: goes on (250.0 ms)\n");
}

TEST(Human, AFailureIsExplained) {
    EXPECT_EQ(human_result(failed_test(), false),
              "FAILED  b.toml: loses <one> & \"lives\" # \\ [2/3] (1.5 s)\n"
              "    b.toml:4:7: expected an answer\n"
              "      within 1s\n"
              "    step: { expect = { alive = true } }\n"
              "    the target: was ended by SIGABRT\n"
              "    verdict: stuck\n"
              "      3 threads wait\n"
              "    locks:\n"
              "      mutex m\n"
              "        owner 12 (dead)\n"
              "    the victim's last stack:\n"
              "      #0 f\n"
              "      #1 g\n"
              "    the target's last output:\n"
              "      out?[2J ]]> ?\n"
              "    what was done:\n"
              "      did <this>\n"
              "    repeat with: --seed 8\n");
}

TEST(Human, TheSummaryNamesTheSeed) {
    EXPECT_EQ(human_summary(summary(), false), "1 passed, 1 failed, 3 not run, 2.0 s, seed 99\n");
}

TEST(Tap, Version14) {
    EXPECT_EQ(tap_header(5), "TAP version 14\n1..5\n");
    EXPECT_EQ(tap_point(passed_test(), 1),
              "ok 1 - a.toml: goes on\n  ---\n  duration_ms: 250.000\n  seed: 7\n  ...\n");
    EXPECT_EQ(tap_bail_out(), "Bail out! interrupted\n");
}

TEST(Tap, AFailureHasADiagnosis) {
    const std::string point = tap_point(failed_test(), 2);
    EXPECT_TRUE(
        point.starts_with("not ok 2 - b.toml: loses <one> & \"lives\" \\# \\\\ [2/3]\n  ---\n"))
        << point;
    EXPECT_NE(point.find("  message: |2\n    b.toml:4:7: expected an answer\n      within 1s\n"),
              std::string::npos)
        << point;
    EXPECT_NE(point.find("  journal: |2\n    did <this>\n"), std::string::npos) << point;
    EXPECT_TRUE(point.ends_with("  ...\n"));
    for (const std::string& line : threadfault::base::lines_of(point.substr(point.find('\n') + 1)))
        EXPECT_TRUE(line.starts_with("  ")) << "outside the block: " << line;
}

// In every report, names and what a target says stay on their lines.
TEST(HostileNames, ForgeNoLine) {
    TestResult result = failed_test();
    const std::string hostile = "x\nok 3 - forged\r\x1b[2J\xc2\x9b\xe2\x80\xae\xff";
    result.file = result.name = result.failure->place.file = hostile;
    result.failure->step = result.failure->ending = hostile;
    result.failure->evidence = {hostile};
    for (const std::string& report :
         {human_result(result, false), tap_point(result, 1), junit_report({result}, summary())}) {
        for (const std::string& line : threadfault::base::lines_of(report)) {
            EXPECT_FALSE(line.starts_with("ok 3")) << report;
            EXPECT_EQ(line, threadfault::base::clean_line(line)) << report;
        }
        EXPECT_EQ(report.find("\nok 3"), std::string::npos) << report;
    }
}

TEST(LongTexts, AreCut) {
    TestResult result = failed_test();
    result.failure->step = std::string(1'000'000, 's');
    result.failure->message = std::string(1'000'000, 'm');
    EXPECT_LT(human_result(result, false).size(), 40'000U);
}

TEST(Junit, HasASuiteForEachFile) {
    const std::string xml = junit_report(three(), summary());
    EXPECT_TRUE(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "
                        "name=\"threadfault\" tests=\"3\" failures=\"1\" errors=\"0\" "
                        "time=\"2.000\">\n  <testsuite name=\"a.toml\" tests=\"2\" failures=\"0\" "
                        "errors=\"0\" skipped=\"1\" time=\"0.500\">\n"))
        << xml;
    EXPECT_NE(xml.find("<testcase name=\"loses &lt;one&gt; &amp; &quot;lives&quot; # \\ [2/3]\" "
                       "classname=\"b.toml\" time=\"1.500\">"),
              std::string::npos)
        << xml;
    EXPECT_NE(xml.find("message=\"b.toml:4:7: expected an answer\">"), std::string::npos) << xml;
    EXPECT_NE(xml.find("out?[2J ]]&gt; ?"), std::string::npos) << xml;
    EXPECT_NE(xml.find("<system-out>did &lt;this&gt;\nseed 8</system-out>"), std::string::npos);
    EXPECT_NE(xml.find("<skipped message=\"interrupted\"/>"), std::string::npos) << xml;
}

TEST(HumanReport, TellsErrorsFromFailures) {
    TestResult error = failed_test();
    error.failure->no_test = true;
    EXPECT_EQ(human_result(error, false, false).substr(0, 7), "ERROR  ");
    const Summary counted = summarise({passed_test(), failed_test(), error}, 3);
    EXPECT_EQ(counted.failed, 2U);
    EXPECT_EQ(counted.errors, 1U);
    EXPECT_EQ(human_summary(counted, false).substr(0, 29), "1 passed, 1 failed, 1 error, ");
}

TEST(JsonReport, IsOneObject) {
    const std::string text = json_report(three(), summary());
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const auto json = nlohmann::json::parse(text);
    EXPECT_EQ(json["passed"], 1);
    EXPECT_EQ(json["failed"], 1);
    EXPECT_EQ(json["not_run"], 3);
    EXPECT_EQ(json["seed"], 99);
    const auto& tests = json["tests"];
    ASSERT_EQ(tests.size(), 3U);
    EXPECT_EQ(tests[0]["outcome"], "passed");
    EXPECT_TRUE(tests[0]["failure"].is_null());
    EXPECT_EQ(tests[1]["outcome"], "failed");
    EXPECT_EQ(tests[1]["repetition"], 2);
    EXPECT_EQ(tests[1]["failure"]["line"], 4);
    EXPECT_EQ(tests[1]["failure"]["verdict"], "stuck");
    EXPECT_EQ(tests[1]["failure"]["code"], "wrong_progress");
    EXPECT_EQ(tests[1]["failure"]["grounds"][0]["code"], "waits_for_lock");
    EXPECT_EQ(tests[1]["failure"]["output"], "out?[2J ]]> ?\n");
    EXPECT_EQ(tests[2]["outcome"], "interrupted");
}

}  // namespace
