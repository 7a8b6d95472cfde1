// What a storm is told on its command line.
#include "drive/faults/undo_right.hpp"
#include "drive/storm/plan.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <climits>

namespace {

using namespace std::chrono_literals;
using namespace threadfault::drive;
using threadfault::wire::Fault;

TEST(StormFaults, AreReadWithTheirTimes) {
    const auto faults = parse_storm_faults(
        "kill=vanish,freeze=200ms,slow=10%/2s,slow=5,signal=USR1,interrupt,demote=1s,"
        "demote=19/200ms,demote=-5/1m");
    ASSERT_EQ(faults.size(), 9U);
    EXPECT_EQ(faults[0].plan.fault(), Fault::vanish);
    EXPECT_EQ(faults[1].text, "freeze=200ms");
    EXPECT_EQ(faults[1].plan.duration(), 200ms);
    EXPECT_EQ(faults[2].plan.percent(), 10U);
    EXPECT_EQ(faults[2].plan.duration(), 2s);
    EXPECT_EQ(faults[3].plan.percent(), 5U);
    EXPECT_EQ(faults[3].plan.duration(), 1s);
    EXPECT_EQ(faults[4].plan.signal(), SIGUSR1);
    EXPECT_EQ(faults[5].plan.fault(), Fault::interrupt);
    for (std::size_t i = 6; i < 9; i++)
        EXPECT_EQ(faults[i].plan.fault(), Fault::demote) << i;
    EXPECT_EQ(faults[6].plan.flags(), threadfault::wire::kDemoteIdle);
    EXPECT_EQ(faults[6].plan.duration(), 1s);
    EXPECT_EQ(faults[7].text, "demote=19/200ms");
    EXPECT_EQ(faults[7].plan.flags(), threadfault::wire::kDemoteNice);
    EXPECT_EQ(faults[7].plan.nice(), 19);
    EXPECT_EQ(faults[7].plan.duration(), 200ms);
    EXPECT_EQ(faults[8].plan.nice(), -5);
    EXPECT_EQ(faults[8].plan.duration(), 1min);
}

struct Mistake {
    const char* faults;
    const char* says;
};
class StormFaultsMistaken : public testing::TestWithParam<Mistake> {};

TEST_P(StormFaultsMistaken, NamesColumnAndExpectation) {
    try {
        parse_storm_faults(GetParam().faults);
        FAIL() << "no error";
    } catch (const threadfault::Error& error) {
        EXPECT_EQ(error.code(), threadfault::ErrorCode::usage);
        EXPECT_EQ(error.what(),
                  std::string("faults ") + GetParam().faults + ": column " + GetParam().says);
    }
}
INSTANTIATE_TEST_SUITE_P(
    Each, StormFaultsMistaken,
    testing::Values(
        Mistake{"demote", "8: expected a duration, for example demote=200ms"},
        Mistake{"kill=exit,demote=x", "18: expected a duration, for example demote=200ms"},
        Mistake{"demote=0s", "8: expected a duration, for example demote=200ms"},
        Mistake{"demote=20/1s",
                "8: expected a nice value from -20 to 19, for example "
                "demote=19/200ms"},
        Mistake{"demote=/1s",
                "8: expected a nice value from -20 to 19, for example "
                "demote=19/200ms"},
        Mistake{"demote=5/", "10: expected a duration, for example 200ms"},
        Mistake{"freeze=", "8: expected a duration, for example freeze=200ms"},
        Mistake{"spin=1", "6: expected a duration, for example spin=200ms"},
        Mistake{"slow=0%", "6: expected a percentage from 1% to 99%, for example slow=10%/2s"},
        Mistake{"slow=10%/0s", "10: expected a duration, for example 2s"},
        Mistake{"interrupt=1s", "10: expected interrupt without a value"},
        Mistake{"signal=32", "8: signal=32: reserved by glibc"},
        Mistake{"signal=TREM", "8: signal=TREM: \"TREM\" is not a signal"},
        Mistake{"thaw", "1: unknown fault \"thaw\""},
        Mistake{"kill=", "6: expected kill=cancel, async-cancel, exit or vanish"},
        Mistake{"freeze=1s,", "11: unknown fault \"\""},
        Mistake{"demot=1s", "1: unknown fault \"demot\""}),
    [](const auto& info) { return "mistake" + std::to_string(info.index); });

// As the kernel writes /proc/<pid>/limits.
TEST(NiceLimit, IsTheSoftOne) {
    const auto limits = [](const std::string& line) {
        return "Limit                     Soft Limit           Hard Limit           Units     \n"
               "Max msgqueue size         819200               819200               bytes     \n" +
               line;
    };
    EXPECT_EQ(
        nice_limit(limits("Max nice priority         20                   40             \n")), 20);
    EXPECT_EQ(
        nice_limit(limits("Max nice priority         0                    0              \n")), 0);
    EXPECT_EQ(
        nice_limit(limits("Max nice priority         unlimited            unlimited      \n")),
        LONG_MAX);
    EXPECT_EQ(nice_limit(limits("Max nice priority")), 0);
    EXPECT_EQ(nice_limit(limits("")), 0);
}

}  // namespace
