// The table of calls, and what is refused because of it.
#include "inject/spec.hpp"

#include <errno.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace threadfault::inject {
namespace {

std::string refusal(const std::string& text) {
    return why_illegitimate(parse_spec(text, {.force = true}).rule);
}

TEST(CallTable, IsFoundByName) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        Call found{};
        const std::string name = info(call).name;
        EXPECT_TRUE(names.insert(info(call).name).second) << name << " is there twice";
        ASSERT_TRUE(find_call(name.data(), name.size(), &found)) << name;
        EXPECT_EQ(call, found) << name;
        EXPECT_FALSE(find_call(name.data(), name.size() - 1, &found) && info(found).name == name);
    }
    EXPECT_GE(kCallCount, 60U);
}

TEST(CallTable, HasErrorsWithNames) {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const CallInfo& call = info(static_cast<Call>(i));
        EXPECT_EQ(0, call.errors[CallInfo::kMostErrors]) << call.name;
        std::set<int> seen;
        for (const int* error = call.errors; *error != 0; ++error) {
            EXPECT_TRUE(seen.insert(*error).second) << call.name << " " << *error;
            const char* const name = error_name(call.convention, *error);
            ASSERT_NE(nullptr, name) << call.name << " " << *error;
            EXPECT_EQ(*error, find_error(call.convention, name, std::string_view(name).size()));
        }
    }
}

// POSIX says of them: "shall not return an error code of [EINTR]".
TEST(CallTable, NoThreadCallIsInterrupted) {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const CallInfo& call = info(static_cast<Call>(i));
        if (std::string_view(call.name).starts_with("pthread_")) {
            EXPECT_FALSE(call.allows(EINTR)) << call.name;
        }
    }
}

TEST(Refusals, OfThreadStart) {
    // No cancellation point, and nothing comes after it; the other deaths may stand there.
    EXPECT_NE("", refusal("thread_start:kill=cancel"));
    EXPECT_NE("", refusal("thread_start:kill=async-cancel"));
    EXPECT_NE("", refusal("thread_start:after:kill=vanish"));
    EXPECT_NE("", refusal("thread_start:after:delay=1ms"));
    EXPECT_EQ("", refusal("thread_start:kill=exit"));
    EXPECT_EQ("", refusal("thread_start:kill=vanish"));
    EXPECT_EQ("", refusal("thread_start:freeze=1s"));
}

// docs/injecting.md: a row for each call, with its errors in order.
TEST(CallTable, IsWhatTheManualSays) {
    std::ifstream manual(THREADFAULT_INJECTING);
    ASSERT_TRUE(manual);
    const std::string text{std::istreambuf_iterator<char>(manual), {}};
    for (std::size_t i = 0; i < kCallCount; ++i) {
        const CallInfo& call = info(static_cast<Call>(i));
        std::string row = std::string("| `") + call.name + "` | `<" + call.header + ">` | " +
                          ((call.traits & kCancels) != 0 ? "yes" : "-") + " |";
        if ((call.traits & kIo) == 0) row += (call.traits & kSpurious) != 0 ? " yes |" : " - |";
        for (const int* error = call.errors; *error != 0; ++error)
            row += std::string(" `") + error_name(call.convention, *error) + "`";
        if (call.errors[0] == 0) row += " none";
        EXPECT_NE(std::string::npos, text.find(row + " |\n")) << row;
    }
}

TEST(Force, TravelsWithTheSpec) {
    const Spec forced = parse_spec("pthread_mutex_lock:error=EINTR:thread=main", {.force = true});
    EXPECT_EQ("pthread_mutex_lock:error=EINTR:force:thread=main", forced.text);
    EXPECT_TRUE(forced.rule.forced);
    EXPECT_EQ(forced.text, parse_spec(forced.text).text);
    // What makes no errors is forced where it is read, and needs nothing of the target.
    EXPECT_EQ("pthread_mutex_lock:kill=exit",
              parse_spec("pthread_mutex_lock:kill=exit", {.force = true}).text);
}

TEST(Force, IsNotNeededWhereAnObjectGivesTheError) {
    EXPECT_FALSE(parse_spec("read:error=EISDIR").rule.forced);
    EXPECT_EQ("only a directory gives EISDIR", why_skipped("read:error=EISDIR"));
    EXPECT_EQ("", why_skipped("sem_wait:interrupt"));
    EXPECT_EQ("", why_skipped("nonsense"));
    using Words = std::vector<std::string_view>;
    EXPECT_EQ(Words{"file"}, what_skips("read:error=EISDIR"));
    EXPECT_EQ((Words{"mutex", "flags"}), what_skips("pthread_mutex_lock,lockf:error=EDEADLK"));
    EXPECT_EQ(Words{"attributes"}, what_skips("pthread_create:error=EPERM"));
    EXPECT_EQ(Words{}, what_skips("sem_wait:interrupt"));
    EXPECT_EQ(Words{}, what_skips("nonsense"));
}

TEST(Legitimate, ErrorsAreThoseOfTheSpecification) {
    EXPECT_EQ("", refusal("pthread_create:error=EAGAIN"));
    const std::string reason = refusal("pthread_mutex_lock:error=EINTR");
    EXPECT_NE(std::string::npos, reason.find("pthread_mutex_lock can't fail with EINTR"));
    EXPECT_NE(std::string::npos, reason.find("EDEADLK")) << reason;
    EXPECT_NE("", refusal("read,pthread_mutex_lock:error=EINTR"));
    EXPECT_NE(std::string::npos, refusal("pthread_cond_signal:error=EINVAL").find("no error"));
}

TEST(Legitimate, UnwindingStandsBeforeCancellationPoints) {
    for (const char* how : {"cancel", "exit", "async-cancel"}) {
        const std::string kill = std::string("kill=") + how;
        EXPECT_EQ("", refusal("read:" + kill));
        EXPECT_EQ("", refusal("pthread_cond_wait:before:" + kill));
        EXPECT_NE("", refusal("read:after:" + kill));
        EXPECT_NE("", refusal("pthread_mutex_lock:" + kill));
        EXPECT_NE("", refusal("pthread_mutex_unlock:" + kill));
    }
}

TEST(Legitimate, VanishingAndFreezingStandAnywhere) {
    for (const char* call : {"read", "pthread_mutex_lock", "pthread_mutex_unlock", "mtx_lock"}) {
        for (const char* fault : {"kill=vanish", "freeze=1s", "delay=1s"}) {
            EXPECT_EQ("", refusal(std::string(call) + ":" + fault));
            EXPECT_EQ("", refusal(std::string(call) + ":after:" + fault));
        }
    }
}

TEST(Legitimate, WaitsForConditionsWakeUpSpuriously) {
    EXPECT_EQ("", refusal("pthread_cond_wait,pthread_cond_timedwait:spurious"));
    EXPECT_EQ("", refusal("cnd_wait:spurious"));
    EXPECT_NE("", refusal("sem_wait:spurious"));
}

TEST(Legitimate, InterruptsWhatSignalsInterrupt) {
    EXPECT_EQ("", refusal("poll,sem_wait,sleep,thrd_sleep:interrupt"));
    EXPECT_NE("", refusal("pthread_cond_wait:interrupt"));
    EXPECT_NE("", refusal("mtx_lock:interrupt"));
}

}  // namespace
}  // namespace threadfault::inject
