// What is done to a target's threads from C++.
#include "target_family.hpp"
#include "threadfault/gtest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

// What a verb ignores does not compile.
template <typename T>
concept FreezesWithDuration = requires(T& target) {
    target.freeze("", {.duration = 1s});
};
template <typename T>
concept FreezesWithHow = requires(T& target) {
    target.freeze("", {.how = How::exit});
};
template <typename T>
concept KillsWithHow = requires(T& target) {
    target.kill("", {.how = How::exit});
};
template <typename T>
concept KillsWithDuration = requires(T& target) {
    target.kill("", {.duration = 1s});
};
template <typename T>
concept DelaysWithDuration = requires(T& target) {
    target.delay("", 1s, {.duration = 1s});
};
template <typename T>
concept SignalsWithAnywhere = requires(T& target) {
    target.signal("", 1, 0, {.anywhere = true});
};
static_assert(FreezesWithDuration<Target> && KillsWithHow<Target>);
static_assert(!FreezesWithHow<Target> && !KillsWithDuration<Target>);
static_assert(!DelaysWithDuration<Target> && !SignalsWithAnywhere<Target>);

class TargetFaults : public testing::Test {
protected:
    Target target_ = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});

    void SetUp() override {
        // Each names itself when it gets to it.
        for (const char* const name : {"name=spinner", "name=locker", "name=sleeper"})
            target_.wait_for_thread(name, kLong);
    }
    FaultOptions long_wait() const { return {.wait = kLong}; }
    LastingOptions lasting() const { return {.wait = kLong}; }
    std::vector<std::string> faults_of(const std::string& selector) const {
        return target_.wait_for_thread(selector, kLong).faults;
    }
};

TEST_F(TargetFaults, KillInEveryWay) {
    const std::pair<How, const char*> cases[] = {{How::vanish, "name=sleeper"},
                                                 {How::exit, "name=reader"},
                                                 {How::async_cancel, "name=spinner"},
                                                 {How::cancel, "name=locker"}};
    for (const auto& [how, selector] : cases) {
        const auto results = target_.kill(selector, {.wait = kLong, .how = how});
        ASSERT_THAT(results, SizeIs(1));
        EXPECT_EQ(results.front().outcome, Outcome::ended) << results.front().reason;
        EXPECT_GT(results.front().took, 0ns);
        EXPECT_LT(results.front().took, kLong);
        EXPECT_TRUE(target_.wait_until_gone(selector, kLong));
    }
    EXPECT_TRUE(target_.alive());
}

TEST_F(TargetFaults, HoldAndLetGo) {
    EXPECT_THAT(target_.freeze("name=spinner", lasting()), TookEffect());
    EXPECT_THAT(faults_of("name=spinner"), Contains("freeze"));
    EXPECT_THAT(target_.thaw("name=spinner", long_wait()), TookEffect());
    EXPECT_THAT(faults_of("name=spinner"), SizeIs(0));
    EXPECT_THAT(target_.slow("name=spinner", 50, lasting()), TookEffect());
    EXPECT_THAT(target_.freeze("name=sleeper", lasting()), TookEffect());
    EXPECT_THAT(target_.thaw("", long_wait()), SizeIs(2)) << "every thread with a fault in force";
    EXPECT_THAT(target_.thaw("", long_wait()), SizeIs(0));
    EXPECT_THAT(target_.delay("name=sleeper", 10ms, long_wait()), TookEffect());
    EXPECT_THAT(target_.spin("name=sleeper", 10ms, long_wait()), TookEffect());
    EXPECT_GT(target_.wait_for_thread("name=spinner", kLong).age, 0ns);
    EXPECT_TRUE(
        eventually([&] { return target_.wait_for_thread("name=spinner", kLong).cpu > 0ns; }));
    EXPECT_THAT(target_.demote("name=sleeper", {.cpus = "0"}, lasting()), TookEffect());
}

TEST_F(TargetFaults, InterruptAndSignal) {
    EXPECT_THAT(target_.interrupt("name=reader", long_wait()), TookEffect());
    target_.write("eintr\n");
    EXPECT_EQ(target_.wait_for_line("^eintr", kLong), "eintr 1");
    const auto results = target_.signal("name=reader", "SEGV", 0, long_wait());
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results.front().outcome, Outcome::target_died);
    EXPECT_EQ(results.front().reason, "the process was ended by SIGSEGV");
    EXPECT_EQ(target_.wait_exit(kLong)->signal, SIGSEGV);
    try {
        (void)target_.kill("name=spinner");
        FAIL() << "the target is dead";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::target_died);
        EXPECT_THAT(error.what(), HasSubstr("was ended by SIGSEGV"));
    }
}

TEST_F(TargetFaults, WhichThread) {
    EXPECT_THROW((void)target_.freeze("state=*"), Error);
    EXPECT_THROW((void)target_.freeze("name=*er"), Error) << "four match";
    EXPECT_THAT(target_.freeze("name=*er", {.pick = Pick::all, .wait = kLong}), SizeIs(4));
    EXPECT_THAT(target_.thaw("", long_wait()), SizeIs(4));
    const auto first = target_.freeze("name=*er", {.pick = Pick::first, .wait = kLong});
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first.front().name, "spinner");
    EXPECT_THAT(target_.thaw("", long_wait()), SizeIs(1));
    const FaultOptions seeded{.pick = Pick::random, .seed = 7, .wait = kLong};
    const auto once = target_.delay("name=*er", 1ms, seeded);
    const auto again = target_.delay("name=*er", 1ms, seeded);
    EXPECT_EQ(once.front().tid, again.front().tid);
}

TEST_F(TargetFaults, WhatMakesNoSense) {
    EXPECT_THROW((void)target_.slow("name=spinner", 0), Error);
    EXPECT_THROW((void)target_.delay("name=spinner", 0ms), Error);
    EXPECT_THROW((void)target_.demote("name=spinner", {}), Error);
    EXPECT_THROW((void)target_.demote("name=spinner", {.nice = 20}), Error);
    EXPECT_THROW((void)target_.demote("name=spinner", {.cpus = "1-"}), Error);
    EXPECT_THROW((void)target_.signal("name=spinner", 33), Error);
    EXPECT_THROW((void)target_.signal("name=spinner", "SIGNOTHING"), Error);
    EXPECT_THROW((void)target_.kill("name=nobody"), Error);
}

TEST_F(TargetFaults, FaultsOfThreadCreationNeedNoPoints) {
    const std::uint32_t id = target_.inject("pthread_create:delay=1ms");
    target_.write("spawn\n");
    ASSERT_EQ(target_.wait_for_line("^spawn", kLong), "spawn done");
    const auto armed = target_.injections();
    ASSERT_THAT(armed, SizeIs(1));
    EXPECT_EQ(armed.front().id, id);
    EXPECT_EQ(armed.front().injected, 1U);
    EXPECT_EQ(target_.clear_injections(), 1U);
    EXPECT_THAT(target_.injections(), SizeIs(0));
    try {
        target_.inject("pthread_mutex_lock:delay=1ms");
        FAIL() << "the basic shim can't";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::needs_points);
    }
}

TEST(TargetOnStart, AThreadIsEndedBeforeItsStartRoutine) {
    const Target target =
        Target::launch({TARGET_COUNTERS},
                       {.input = Input::piped,
                        .on_start = {"path=main/3:kill=exit"},
                        .ready = {.output = "^ready$", .thread = "name=reader", .within = kLong}});
    EXPECT_TRUE(target.wait_until_gone("path=main/3", kLong));
    EXPECT_TRUE(target.threads("name=sleeper").empty());
}

}  // namespace
}  // namespace threadfault::test
