#include "harness/lines.hpp"
#include "harness/captured.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>

namespace threadfault::target {
namespace {

TEST(LineSearch, WholeLinesAlone) {
    LineSearch search("ready", 0);
    EXPECT_EQ(search.next("starting\nrea", false), std::nullopt);
    EXPECT_EQ(search.next("starting\nready to go", false), std::nullopt);
    EXPECT_EQ(search.next("starting\nready to go\n", false), "ready to go");
    EXPECT_EQ(search.position(), 21U);
}

TEST(LineSearch, TheLastLineMayLackItsEnd) {
    LineSearch search("^end$", 0);
    EXPECT_EQ(search.next("the\nend", false), std::nullopt);
    EXPECT_EQ(search.next("the\nend", true), "end");
    EXPECT_EQ(search.next("the\nend", true), std::nullopt);
}

TEST(LineSearch, GoesOnBehindWhatItFound) {
    const std::string text = "a 1\nb\na 2\r\n";
    LineSearch search("^a [0-9]$", 0);
    EXPECT_EQ(search.next(text, false), "a 1");
    EXPECT_EQ(search.next(text, false), "a 2");
    EXPECT_EQ(search.next(text, false), std::nullopt);
    EXPECT_EQ(LineSearch("a", 4).next(text, false), "a 2");
    EXPECT_EQ(LineSearch("a", 400).next(text, true), std::nullopt);
}

TEST(LineSearch, ABadExpressionIsTold) {
    try {
        LineSearch search("(", 0);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::bad_regex);
    }
}

// Each would take a backtracking search for ever, or use up its stack.
TEST(LineSearch, NoExpressionOutlastsItsDeadline) {
    const std::string line(200'000, 'a');
    EXPECT_EQ(LineSearch("^(a+)+$", 0).next(line + "!\n", false), std::nullopt);
    EXPECT_EQ(LineSearch("(a|aa)*b", 0).next(line + "\n", false), std::nullopt);
    EXPECT_EQ(LineSearch("^(a|b)*$", 0).next(line + "\n", false), line);
}

TEST(LineSearch, ALineThatIsNotUtf8IsLookedAtByteByByte) {
    EXPECT_EQ(LineSearch("^a.b$", 0)
                  .next("a\xff"
                        "b\n",
                        false),
              "a\xff"
              "b");
    EXPECT_EQ(LineSearch("^a.b$", 0)
                  .next("a\xc3\xa9"
                        "b\n",
                        false),
              "a\xc3\xa9"
              "b");
}

TEST(LineSearch, WhatIsNotKeptIsPassedOver) {
    LineSearch search("^[0-9]$", 0);
    EXPECT_EQ(search.next("1\n2\n", false), "1");
    EXPECT_EQ(search.next("3\n", false, 4), "3") << "the first four bytes are gone";
    EXPECT_EQ(search.position(), 6U);
}

TEST(Captured, KeepsTheLastLines) {
    Captured captured(100);
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        const std::string line = std::to_string(i) + "\n";
        captured.append(line);
        all += line;
        EXPECT_LE(captured.text().size(), 120U);
        EXPECT_EQ(captured.lost() + captured.text().size(), all.size());
        EXPECT_EQ(captured.text(), all.substr(captured.lost()));
        EXPECT_TRUE(captured.lost() == 0 || all[captured.lost() - 1] == '\n');
    }
    EXPECT_GE(captured.text().size(), 90U);
    Captured one_line(100);
    one_line.append(std::string(500, 'x'));
    EXPECT_EQ(one_line.text().size(), 100U);
    EXPECT_EQ(one_line.lost(), 400U);
}

}  // namespace
}  // namespace threadfault::target
