// What others read: JUnit reports, by a schema, with names and output that are as bad as they can
// be.
#include "scenario/report/report.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace threadfault::scenario;

const char* const kBad[] = {
    "plain",
    "]]> <b> & \"quoted\" 'too' <![CDATA[ -->",
    "controls \x01\x02\x0b\x1b[31m\x7f\r\n\ttab",
    "\xff\xfe not \xc3 UTF-8 \xed\xa0\x80 \xef\xbf\xbf \xc0\xaf",
    "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80",
    "# TODO not a directive \\# SKIP nor this \\",
    "line\nnot ok 9 - of another\n1..99\nBail out! of the name",
    "",
};

TestResult result_of(const std::string& text) {
    TestResult result;
    result.file = text.empty() ? "s.toml" : text + ".toml";
    result.name = text;
    result.seconds = 1234.5;
    result.journal = {text, "ok 7 - " + text};
    return result;
}

Failure failure_of(const std::string& text) {
    Failure failure;
    failure.place = {text, 4, 7};
    failure.step = text;
    failure.message = "first " + text;
    failure.ending = text;
    failure.verdict = "stuck";
    failure.evidence = {text};
    failure.locks = text;
    failure.stack = text;
    failure.output = text + std::string("\0zero", 5) + "\n  ...\n---\nnot ok 1 - quoted\n";
    return failure;
}

// Passed, failed, in error, skipped: four of each text.
std::vector<TestResult> all_kinds() {
    std::vector<TestResult> results;
    for (const char* const text : kBad) {
        results.insert(results.end(), 4, result_of(text));
        TestResult* const latest = &results.back();
        latest[-2].failure = failure_of(text);
        latest[-1].failure = failure_of(text);
        latest[-1].failure->no_test = true;
        latest->interrupted = true;
    }
    return results;
}

constexpr std::size_t kTexts = std::size(kBad);

class Readers : public testing::Test {
protected:
    ~Readers() override { std::remove(file_.c_str()); }

    // What `command FILE` says of the text in the file.
    std::string ask(const std::string& command, const std::string& text) {
        std::ofstream(file_, std::ios::binary) << text;
        std::string said;
        FILE* const pipe = popen((command + " " + file_ + " 2>&1").c_str(), "r");
        if (pipe == nullptr) return "can't be run";
        for (int byte = 0; (byte = std::fgetc(pipe)) != EOF;)
            said += static_cast<char>(byte);
        const int status = pclose(pipe);
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return said;
    }

    std::string file_ = testing::TempDir() + "report-" + std::to_string(getpid());
    int status_ = -1;
};

const std::string kValidate = XMLLINT " --noout --schema " JUNIT_SCHEMA;

TEST_F(Readers, JunitIsValid) {
    const std::vector<TestResult> results = all_kinds();
    const std::string said =
        ask(kValidate, junit_report(results, summarise(results, results.size())));
    EXPECT_EQ(status_, 0) << said;
}

TEST_F(Readers, JunitOfNothingIsValid) {
    const std::string said = ask(kValidate, junit_report({}, summarise({}, 0)));
    EXPECT_EQ(status_, 0) << said;
}

TEST_F(Readers, JunitIsReallyLookedAt) {
    ask(kValidate, "<testsuites name=\"x\" tests=\"many\"/>");
    EXPECT_NE(status_, 0);
}

TEST_F(Readers, JunitCounts) {
    const std::vector<TestResult> results = all_kinds();
    const std::string xml = junit_report(results, summarise(results, results.size()));
    const auto count = [&](const std::string& xpath) {
        return ask(std::string(XMLLINT) + " --xpath 'concat(" + xpath + ", \"\")'", xml);
    };
    const std::string texts = std::to_string(kTexts);
    const auto line = [](const std::string& text) { return text + "\n"; };
    EXPECT_EQ(count("count(//testcase)"), line(std::to_string(4 * kTexts)));
    EXPECT_EQ(count("count(//testcase/failure)"), line(texts));
    EXPECT_EQ(count("count(//testcase/error)"), line(texts));
    EXPECT_EQ(count("count(//testcase/skipped)"), line(texts));
    EXPECT_EQ(count("sum(//testsuite/@tests)"), line(std::to_string(4 * kTexts)));
    for (const char* kind : {"failures", "errors"}) {
        EXPECT_EQ(count(std::string("sum(//testsuite/@") + kind + ")"), line(texts)) << kind;
        EXPECT_EQ(count(std::string("/testsuites/@") + kind), line(texts)) << kind;
    }
}

}  // namespace
