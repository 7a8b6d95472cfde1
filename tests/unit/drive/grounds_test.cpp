// The table of grounds: its sentences, and that documents and schemas have every code.
#include "drive/grounds/grounds.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

namespace threadfault::drive {
namespace {

std::set<std::string> codes_of_the_table() {
    std::set<std::string> codes;
    for (const GroundInfo& one : grounds_table())
        codes.emplace(one.name);
    return codes;
}

std::string text_of(const char* path) {
    const std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<GroundThread> threads(int count) {
    std::vector<GroundThread> all;
    for (int i = 1; i <= count; ++i)
        all.push_back({i, "w", i == 2 ? "read(5)" : ""});
    return all;
}

TEST(Grounds, SchemaHasEveryCode) {
    const auto common = nlohmann::json::parse(text_of(COMMON_SCHEMA));
    std::set<std::string> codes;
    for (const auto& code : common["$defs"]["ground"]["properties"]["code"]["enum"])
        codes.insert(code.get<std::string>());
    EXPECT_EQ(codes, codes_of_the_table());
}

TEST(Grounds, DocumentHasEveryCode) {
    const std::string text = text_of(JSON_DOCUMENT);
    const std::size_t begin = text.find("\n## Grounds\n");
    ASSERT_NE(begin, std::string::npos);
    const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
    static const std::regex row("\n\\| `([a-z_]+)` \\|");
    std::set<std::string> codes;
    for (std::sregex_iterator i(section.begin(), section.end(), row), end; i != end; ++i)
        codes.insert((*i)[1]);
    EXPECT_EQ(codes, codes_of_the_table());
}

TEST(Grounds, NumberChoosesTheWords) {
    EXPECT_EQ(sentence({GroundCode::stopped, {{"threads", threads(1)}}}),
              "1 thread is stopped, by a signal or a debugger: 1 w");
    EXPECT_EQ(sentence({GroundCode::stopped, {{"threads", threads(2)}}}),
              "2 threads are stopped, by a signal or a debugger: 1 w, 2 w in read(5)");
    EXPECT_EQ(sentence({GroundCode::deadlocked, {{"threads", threads(10)}}})
                  .substr(std::string("10 threads are in a deadlock: 1 w").size()),
              ", 2 w in read(5), 3 w, 4 w, 5 w, 6 w, 7 w, 8 w and 2 more");
    EXPECT_EQ(sentence({GroundCode::work_done,
                        {{"cpu_seconds", 1.0}, {"wakes", std::int64_t{0}}, {"seconds", 0.25}}}),
              "1.00 s of CPU time, 0 wake-ups in 0.2 s");
    EXPECT_EQ(sentence({GroundCode::work_done,
                        {{"cpu_seconds", 1.0}, {"wakes", std::int64_t{1}}, {"seconds", 0.25}}}),
              "1.00 s of CPU time, 1 wake-up in 0.2 s");
    EXPECT_EQ(sentence({GroundCode::threads_changed,
                        {{"created", std::int64_t{1}}, {"ended", std::int64_t{3}}}}),
              "1 thread was created, 3 ended");
}

TEST(Grounds, WhatIsNotKnownIsLeftOut) {
    const GroundLock lock{"mutex", 0x40, "queue", false};
    EXPECT_EQ(sentence({GroundCode::orphaned_lock, {{"lock", lock}, {"owner", GroundOwner{}}}}),
              "mutex queue is orphaned: its owner is dead");
    EXPECT_EQ(sentence({GroundCode::orphaned_lock,
                        {{"lock", GroundLock{"mutex", 0x40, "", false}},
                         {"owner", GroundOwner{7, "w", "vanished 1.0 s ago (main/1)"}}}}),
              "mutex 0x40 is orphaned: its owner 7 w is dead, it vanished 1.0 s ago (main/1)");
    EXPECT_EQ(sentence({GroundCode::holds_lock, {{"lock", lock}, {"waiters", std::int64_t{1}}}}),
              "it holds mutex queue, and 1 thread waits for it");
    EXPECT_EQ(sentence({GroundCode::lock_orphaned,
                        {{"lock", lock}, {"taken_again", true}, {"unwinds", true}}}),
              "libc reacquires mutex queue before the wait returns, and nothing releases it during "
              "unwinding: it will be orphaned");
    EXPECT_EQ(sentence({GroundCode::lock_robust, {{"lock", GroundLock{"stream", 1, "f", false}}}}),
              "it holds the lock of FILE f: it is robust, so the next owner gets EOWNERDEAD");
}

TEST(Grounds, CauseComesBackAsItWasSent) {
    const Ground cause{GroundCode::not_unwindable_here,
                       {{"place", std::string("f, a=b.cpp:3")}, {"exact", true}}};
    const auto back = parse_ground(to_lines(cause));
    ASSERT_TRUE(back);
    EXPECT_EQ(sentence(*back), sentence(cause));
    EXPECT_EQ(sentence_afterwards(*back),
              "f, a=b.cpp:3: its exception table doesn't cover the instruction that it was at");
    EXPECT_FALSE(parse_ground(""));
    EXPECT_FALSE(parse_ground("no_such_code\nplace=f\n"));
}

}  // namespace
}  // namespace threadfault::drive
