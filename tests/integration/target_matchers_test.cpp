// The matchers of threadfault/gtest.hpp: what they say yes to, and what they tell when it is no.
#include "target_family.hpp"
#include "threadfault/gtest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <set>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Target launch_workers() {
    return Target::launch(
        {TARGET_STD_THREADS},
        {.input = Input::piped, .ready = {.thread = "name=worker-2", .within = kLong}});
}

// What a failing EXPECT_THAT would print.
template <typename Value, typename Matcher>
std::string complaint(const Value& value, const Matcher& matcher) {
    testing::StringMatchResultListener listener;
    EXPECT_FALSE(testing::ExplainMatchResult(matcher, value, &listener));
    return listener.str();
}

TEST(TargetMatchers, ATargetThatIsWell) {
    const Target target = launch_workers();
    EXPECT_THAT(target, StaysAlive(50ms));
    EXPECT_THAT(target, Progresses(200ms));
    EXPECT_THAT(target, HasNoOrphanedLocks());
    EXPECT_THAT(target, Not(ExitsWith(0, 0s)));
    EXPECT_THAT(target, AnswersTo([] { return true; }));
    EXPECT_THAT(target, AnswersTo([](const Target& asked) { return asked.alive(); }));
}

TEST(TargetMatchers, ATargetThatEnds) {
    const Target target = Target::launch({"/bin/sh", "-c", "echo oh no >&2; exit 3"});
    EXPECT_THAT(target, ExitsWith(3, kLong));
    EXPECT_THAT(complaint(target, StaysAlive(1ms)), HasSubstr("exited with code 3"));
    EXPECT_THAT(complaint(target, StaysAlive(1ms)), HasSubstr("oh no"));
    EXPECT_THAT(complaint(target, Progresses(1ms)), HasSubstr("exited with code 3"));
    EXPECT_THAT(complaint(target, ExitsWith(4)), HasSubstr("exited with code 3"));
}

TEST(TargetMatchers, AnOrphanedLockIsToldWithItsTree) {
    Target target = Family("locks").launch();
    ASSERT_TRUE(eventually([&] { return target.threads("waiting=mutex").size() == 2; }));
    ASSERT_THAT(target.kill("name=owner", {.wait = kLong, .how = How::vanish}), TookEffect());
    // The verdict needs two looks that agree.
    ASSERT_TRUE(eventually([&] { return target.locks().has_orphans(); }));
    const std::string text = complaint(target, HasNoOrphanedLocks());
    EXPECT_THAT(text, HasSubstr("contested"));
    EXPECT_THAT(text, HasSubstr("waiter"));
    EXPECT_THAT(text, HasSubstr("stack of the latest victim before it ended"));
    EXPECT_THAT(complaint(target, Progresses(300ms)), HasSubstr("the process is stuck"));
}

TEST(TargetMatchers, AProbeIsAskedAgain) {
    const Target target = launch_workers();
    int asked = 0;
    EXPECT_THAT(target, AnswersTo([&asked] { return ++asked == 3; }, kLong));
    EXPECT_EQ(asked, 3);
    EXPECT_THAT(complaint(target, AnswersTo([] { return false; })), HasSubstr("no answer"));
}

TEST(TargetMatchers, AFailureIsLookedAtOnce) {
    static int asked = 0;
    EXPECT_NONFATAL_FAILURE(
        {
            const Target target = Target::launch({"/bin/true"});
            EXPECT_TRUE(target.wait_exit(kLong));
            EXPECT_THAT(target, AnswersTo([] {
                            asked++;
                            return false;
                        }));
        },
        "the process exited with code 0");
    EXPECT_EQ(asked, 1);
}

TEST(TargetMatchers, AFaultWithoutEffectIsTold) {
    const std::vector<FaultResult> results = {{.tid = 7,
                                               .name = "w",
                                               .path = "main/1",
                                               .outcome = Outcome::pending,
                                               .reason = "cancel-disabled"}};
    EXPECT_THAT(complaint(results, TookEffect()),
                HasSubstr("thread 7 w (main/1): pending, cancel-disabled"));
    EXPECT_THAT(std::vector<FaultResult>{}, Not(TookEffect()));
}

TEST(TargetMatchers, EveryThreadInATargetOfItsOwn) {
    std::set<std::string> names;
    std::set<pid_t> pids;
    ForEachThread("name=worker-*", launch_workers, [&](Target& target, const ThreadInfo& worker) {
        names.insert(worker.name);
        pids.insert(target.pid());
        ASSERT_THAT(target.kill(worker.selector(), {.wait = kLong, .how = How::vanish}),
                    TookEffect());
        EXPECT_THAT(target, StaysAlive(10ms));
        EXPECT_EQ(target.threads("name=worker-*").size(), 2U);
    });
    EXPECT_EQ(names, (std::set<std::string>{"worker-0", "worker-1", "worker-2"}));
    EXPECT_EQ(pids.size(), 3U);
    EXPECT_THROW(ForEachThread(
                     "name=nobody", [] { return Target::launch({"/bin/true"}); },
                     [](Target&, const ThreadInfo&) {}),
                 Error);
}

}  // namespace
}  // namespace threadfault::test
