// How users name threads.
#include "drive/threads/selector.hpp"

#include "drive/threads/thread_view.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using threadfault::Error;
using threadfault::ErrorCode;
using namespace threadfault::drive;

ThreadView worker() {
    ThreadView thread;
    thread.tid = 4713;
    thread.name = "mc-worker";
    thread.state = 'S';
    thread.start = "pool::run(std::map<int, long>, bool)";
    thread.path = "main/3/1";
    thread.index = 4;
    return thread;
}

ThreadView waiting_worker(threadfault::WaitKind kind) {
    ThreadView thread = worker();
    thread.waiting = Waiting{};
    thread.waiting->kind = kind;
    return thread;
}

bool matches(std::string_view selector, const ThreadView& thread = worker()) {
    return parse_selector(selector).matches(thread);
}

// The error that the selector earns, or one with the code `internal` when it earns none.
Error error_of(std::string_view selector) {
    try {
        parse_selector(selector);
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorCode::internal);
}

TEST(Selector, NamesOneThread) {
    EXPECT_TRUE(matches("4713"));
    EXPECT_FALSE(matches("4714"));
    EXPECT_FALSE(matches("main"));
    ThreadView main = worker();
    main.main = true;
    EXPECT_TRUE(matches("main", main));
}

TEST(Selector, TermsMatchByKey) {
    EXPECT_TRUE(matches("name=mc-worker"));
    EXPECT_FALSE(matches("name=mc-work"));
    EXPECT_TRUE(matches("path=main/3/1"));
    EXPECT_FALSE(matches("path=main/3"));
    EXPECT_TRUE(matches("nth=4"));
    EXPECT_FALSE(matches("nth=1"));
    EXPECT_TRUE(matches("state=S"));
    EXPECT_FALSE(matches("state=R"));
}

TEST(Selector, GlobsAreAnchored) {
    EXPECT_TRUE(matches("name=mc-*"));
    EXPECT_TRUE(matches("name=mc-wor?er"));
    EXPECT_TRUE(matches("name=[a-m]c-worker"));
    EXPECT_FALSE(matches("name=worker*"));
    EXPECT_FALSE(matches("name=*work"));
}

TEST(Selector, StartIsMatchedWithoutParameters) {
    EXPECT_TRUE(matches("start=pool::run"));
    EXPECT_TRUE(matches("start=pool::*"));
    EXPECT_FALSE(matches("start=pool::run(*"));
}

TEST(Selector, WhatIsUnknownMatchesNothing) {
    ThreadView bare;
    bare.tid = 1;
    EXPECT_FALSE(matches("start=*", bare));
    EXPECT_FALSE(matches("nth=0", bare));
    EXPECT_FALSE(matches("waiting=futex", bare));
}

TEST(Selector, WaitingMatchesTheKind) {
    using threadfault::WaitKind;
    EXPECT_TRUE(matches("waiting=mutex", waiting_worker(WaitKind::mutex)));
    EXPECT_FALSE(matches("waiting=cond", waiting_worker(WaitKind::mutex)));
    EXPECT_TRUE(matches("waiting=join", waiting_worker(WaitKind::join)));
}

TEST(Selector, CommaMeansAnd) {
    EXPECT_TRUE(matches("name=mc-*,state=S,nth=4"));
    EXPECT_FALSE(matches("name=mc-*,state=R"));
    EXPECT_TRUE(matches("4713,state=S"));
}

TEST(SplitTerms, CommasInsideBracketsStay) {
    using Parts = std::vector<std::string_view>;
    EXPECT_EQ(split_terms("a,b"), (Parts{"a", "b"}));
    EXPECT_EQ(split_terms("start=f(int, long),state=S"), (Parts{"start=f(int, long)", "state=S"}));
    EXPECT_EQ(split_terms("start=m<a,b<c,d>>::run,nth=1"),
              (Parts{"start=m<a,b<c,d>>::run", "nth=1"}));
    EXPECT_EQ(split_terms("start=f(m<a,b>),x"), (Parts{"start=f(m<a,b>)", "x"}));
    EXPECT_EQ(split_terms(""), (Parts{""}));
    EXPECT_EQ(split_terms("a,,b"), (Parts{"a", "", "b"}));
}

TEST(SplitTerms, AnUnclosedBracketProtectsNoComma) {
    using Parts = std::vector<std::string_view>;
    EXPECT_EQ(split_terms("start=operator<,state=S"), (Parts{"start=operator<", "state=S"}));
    EXPECT_EQ(split_terms("name=a),state=S"), (Parts{"name=a)", "state=S"}));
}

TEST(Selector, NonsenseIsAUsageError) {
    for (const char* text :
         {"",           ",",          "name=",    "name=a,",     ",name=a",     "0",
          "-5",         "worker",     "nth=x",    "nth=-1",      "nth=",        "state=Q",
          "state=SS",   "path=main/", "path=3/1", "path=main/x", "path=mainly", "waiting=coffee",
          "colour=red", "="}) {
        EXPECT_EQ(error_of(text).code(), ErrorCode::bad_selector) << '"' << text << '"';
    }
}

TEST(Selector, ErrorsSayWhatToWrite) {
    EXPECT_EQ(error_of("nmae=x").advice(), "did you mean name=x?");
    EXPECT_EQ(error_of("worker").advice(), "did you mean name=worker?");
    EXPECT_EQ(error_of("mian").advice(), "did you mean main?");
    EXPECT_EQ(error_of("waiting=mutx").advice(), "did you mean waiting=mutex?");
    EXPECT_EQ(error_of("tid=12").advice(), "write the thread id alone: 12");
}

TEST(Selector, WhatThisVersionLacksIsSaidSo) {
    EXPECT_EQ(error_of("in=").code(), ErrorCode::bad_selector);
    EXPECT_EQ(error_of("holding=").code(), ErrorCode::bad_selector);
}

TEST(Selector, HugeNumbersNameNoThread) {
    const Selector selector = parse_selector("99999999999999999999999");
    EXPECT_EQ(selector.terms.front().key, Term::Key::tid);
    EXPECT_FALSE(selector.matches(worker()));
    EXPECT_FALSE(matches("nth=99999999999999999999999"));
}

TEST(Selector, KnowsWhenItNamesMain) {
    EXPECT_TRUE(parse_selector("main").names_main(10));
    EXPECT_TRUE(parse_selector("path=main").names_main(10));
    EXPECT_TRUE(parse_selector("nth=0").names_main(10));
    EXPECT_TRUE(parse_selector("10").names_main(10));
    EXPECT_FALSE(parse_selector("11").names_main(10));
    EXPECT_FALSE(parse_selector("name=main").names_main(10));
    EXPECT_FALSE(parse_selector("state=S").names_main(10));
}

}  // namespace
