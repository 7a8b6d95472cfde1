// When a rule fires, and for whom.
#include "inject/spec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace threadfault::inject {
namespace {

std::vector<int> fired(const std::string& options, int calls) {
    const Rule rule = parse_spec("read:error=EIO" + options).rule;
    std::vector<int> numbers;
    for (int number = 1; number <= calls; ++number) {
        if (fires(rule, static_cast<std::uint64_t>(number))) numbers.push_back(number);
    }
    return numbers;
}

using Numbers = std::vector<int>;

TEST(When, CountsFromOne) {
    EXPECT_EQ((Numbers{1, 2, 3}), fired("", 3));
    EXPECT_EQ((Numbers{3}), fired(":when=3", 10));
    EXPECT_EQ((Numbers{1, 6, 11}), fired(":when=1+5", 12));
    EXPECT_EQ((Numbers{2, 3, 4}), fired(":when=2..4", 10));
    EXPECT_EQ((Numbers{2, 5, 8}), fired(":when=2..9+3", 20));
    EXPECT_EQ((Numbers{9, 10}), fired(":when=9+", 10));
}

TEST(Probability, IsSeededAndAboutRight) {
    const Numbers first = fired(":probability=0.3:seed=5", 10'000);
    EXPECT_EQ(first, fired(":probability=30%:seed=5", 10'000));
    EXPECT_NE(first, fired(":probability=30%:seed=6", 10'000));
    // Five standard deviations; the sequence is fixed, so this can't come and go.
    EXPECT_NEAR(3000, static_cast<double>(first.size()), 230);
    EXPECT_TRUE(fired(":probability=0", 1000).empty());
    EXPECT_EQ(1000U, fired(":probability=1", 1000).size());
    for (int number : fired(":when=2+2:probability=50%", 1000))
        EXPECT_EQ(0, number % 2);
}

ThreadFacts worker() {
    ThreadFacts facts;
    facts.tid = 42;
    facts.index = 3;
    facts.depth = 2;
    facts.path[0] = 1;
    facts.path[1] = 7;
    std::strcpy(facts.name, "worker-3");
    facts.start = 0x5555'0000'1010;
    facts.program_base = 0x5555'0000'0000;
    facts.start_name = [](std::uint64_t address) noexcept -> const char* {
        return address == 0x5555'0000'1010 ? "serve" : nullptr;
    };
    return facts;
}

bool meant(const std::string& selector, const ThreadFacts& facts = worker()) {
    return matches(parse_spec("read:error=EIO:thread=" + selector).rule.thread, facts);
}

TEST(Selector, MatchesWhatAThreadKnowsOfItself) {
    EXPECT_TRUE(meant("42"));
    EXPECT_FALSE(meant("43"));
    EXPECT_TRUE(meant("name=worker-*"));
    EXPECT_FALSE(meant("name=worker"));
    EXPECT_TRUE(meant("nth=3"));
    EXPECT_FALSE(meant("nth=2"));
    EXPECT_TRUE(meant("path=main/1/7"));
    EXPECT_FALSE(meant("path=main/1"));
    EXPECT_FALSE(meant("path=main/1/7/1"));
    EXPECT_FALSE(meant("main"));
    EXPECT_TRUE(meant("start=ser*"));
    EXPECT_FALSE(meant("start=work*"));
    EXPECT_TRUE(meant("start=any,start@+0x1000-0x1020"));
    EXPECT_TRUE(meant("start=any,start@+0x1-0x2,start@+0x1010-0x1011"));
    EXPECT_FALSE(meant("start=ser*,start@+0x1011-0x1020"));
    EXPECT_TRUE(meant("start@0x555500001010-0x555500001011"));
    EXPECT_TRUE(meant("name=w*,nth=3,path=main/1/7"));
    EXPECT_FALSE(meant("name=w*,nth=4,path=main/1/7"));
}

TEST(Selector, MainHasNoStartRoutine) {
    ThreadFacts facts;
    facts.is_main = true;
    EXPECT_TRUE(meant("main", facts));
    EXPECT_TRUE(meant("path=main", facts));
    EXPECT_TRUE(meant("nth=0", facts));
    EXPECT_FALSE(meant("start=*", facts));
}

}  // namespace
}  // namespace threadfault::inject
