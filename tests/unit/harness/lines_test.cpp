#include "harness/lines.hpp"
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

}  // namespace
}  // namespace threadfault::target
