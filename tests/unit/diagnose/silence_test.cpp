// What is said of a thread of which no stack could be had: what its state tells, and no more.
#include "diagnose/capture.hpp"

#include <gtest/gtest.h>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;

Gap gap_of(char state) {
    observe::TaskStat stat;
    stat.state = state;
    return why_silent(stat, 50ms);
}

std::string said_of(char state) {
    return gap_of(state).text;
}

TEST(Silence, OfARunnableThreadIsTheSchedulers) {
    EXPECT_EQ(said_of('R'), "it did not get a CPU within 50 ms");
}

TEST(Silence, OfASleepingThreadIsNotExplained) {
    EXPECT_EQ(said_of('S'), "it did not answer within 50 ms, for an unknown reason");
    EXPECT_EQ(said_of('I'), said_of('S'));
}

TEST(Silence, NamesWhatTheStateTells) {
    EXPECT_EQ(said_of('D'), "it is in an uninterruptible wait");
    EXPECT_EQ(said_of('T'), "it is stopped");
    EXPECT_EQ(said_of('t'), "it is stopped");
    EXPECT_EQ(to_string(gap_of('R').code), "no_cpu");
    EXPECT_EQ(to_string(gap_of('t').code), "stopped");
    EXPECT_EQ(to_string(gap_of('Z').code), "ended");
}

TEST(Silence, OfADeadThreadIsItsEnd) {
    EXPECT_EQ(said_of('Z'), "it has ended");
    EXPECT_EQ(said_of('X'), "it has ended");
    EXPECT_EQ(why_silent(std::nullopt, 50ms).code, GapCode::ended);
}

}  // namespace
}  // namespace threadfault::diagnose
