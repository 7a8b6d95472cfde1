// Names against patterns.
#include "base/glob.hpp"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using threadfault::base::glob_match;

TEST(Glob, Table) {
    const struct {
        const char* pattern;
        const char* text;
        bool matches;
    } table[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"worker", "worker", true},
        {"worker", "worker2", false},
        {"orker", "worker", false},
        {"Worker", "worker", false},
        {"*", "", true},
        {"*", "anything at all", true},
        {"***", "x", true},
        {"w*", "worker", true},
        {"w*", "", false},
        {"*er", "worker", true},
        {"*er", "workers", false},
        {"w*k*r", "worker", true},
        {"w*x*r", "worker", false},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*ab", "aab", true},
        {"*ab*ab", "abxab", true},
        {"*ab*ab", "ab", false},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"w?rker", "worker", true},
        {"*?", "", false},
        {"*?", "a", true},
        {"w[oa]rker", "worker", true},
        {"w[oa]rker", "warker", true},
        {"w[oa]rker", "wirker", false},
        {"io-[0-9]", "io-7", true},
        {"io-[0-9]", "io-x", false},
        {"io-[!0-9]", "io-x", true},
        {"io-[!0-9]", "io-7", false},
        {"io-[^0-9]", "io-x", true},
        {"[a-cx-z]", "b", true},
        {"[a-cx-z]", "y", true},
        {"[a-cx-z]", "m", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[!]]", "a", true},
        {"[]a]", "a", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[z-a]", "m", false},
        {"[", "[", true},
        {"[abc", "[abc", true},
        {"[abc", "a", false},
        {"a[", "a[", true},
        {"*[", "x[", true},
        {"[!", "[!", true},
        {"[\x80-\xff]", "\xc3", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\?", "?", true},
        {"\\[a]", "[a]", true},
        {"\\\\", "\\", true},
        {"a\\", "a\\", true},
        {"\\a", "a", true},
        {"a*\\*", "abc*", true},
        {"gr\xc3\xbc?e", "gr\xc3\xbcne", true},
        {"main/*/1", "main/3/1", true},
    };
    for (const auto& row : table) {
        EXPECT_EQ(glob_match(row.pattern, row.text), row.matches)
            << '"' << row.pattern << "\" and \"" << row.text << '"';
    }
}

// libc's matcher, on patterns on which the two mean the same.
TEST(Glob, AgreesWithFnmatch) {
    std::mt19937 random(3);
    const std::string in_pattern = "ab*?";
    int matches = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string pattern;
        std::string text;
        for (std::size_t n = random() % 8; n > 0; --n) {
            switch (random() % 8) {
                case 0:
                    pattern += "[ab]";
                    break;
                case 1:
                    pattern += "[!b]";
                    break;
                default:
                    pattern += in_pattern[random() % in_pattern.size()];
            }
        }
        for (std::size_t n = random() % 10; n > 0; --n)
            text += "abc"[random() % 3];
        const bool expected = fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
        matches += expected ? 1 : 0;
        ASSERT_EQ(glob_match(pattern.c_str(), text.c_str()), expected) << pattern << ' ' << text;
    }
    EXPECT_GT(matches, 1000);
}

// A matcher that tries every place of every star would need 2^25 steps and more.
TEST(Glob, ManyStarsAreNoTrouble) {
    std::string pattern;
    for (int i = 0; i < 60; ++i)
        pattern += "a*";
    EXPECT_FALSE(glob_match((pattern + "b").c_str(), std::string(190, 'a').c_str()));
    EXPECT_TRUE(glob_match(pattern.c_str(), std::string(190, 'a').c_str()));
}

}  // namespace
