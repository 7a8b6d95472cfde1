#include "harness/installation.hpp"
#include "threadfault/target.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <initializer_list>
#include <set>

namespace threadfault {
namespace {

TEST(Names, AreThoseOfTheCommandLine) {
    for (const How how : {How::cancel, How::async_cancel, How::exit, How::vanish})
        EXPECT_EQ(parse_how(to_string(how)), how);
    EXPECT_EQ(to_string(How::async_cancel), "async-cancel");
    EXPECT_EQ(parse_how("murder"), std::nullopt);
    EXPECT_EQ(to_string(Outcome::target_died), "target-died");
    EXPECT_EQ(to_string(Progress::stuck), "stuck");
}

template <typename Enum>
void expect_round_trip(std::initializer_list<Enum> values,
                       std::optional<Enum> (*parse)(std::string_view)) {
    std::set<std::string_view> names;
    for (const Enum value : values) {
        EXPECT_FALSE(to_string(value).empty());
        EXPECT_TRUE(names.insert(to_string(value)).second) << to_string(value);
        EXPECT_EQ(parse(to_string(value)), value) << to_string(value);
    }
    EXPECT_EQ(parse("murder"), std::nullopt);
    EXPECT_EQ(parse(""), std::nullopt);
    EXPECT_EQ(to_string(static_cast<Enum>(99)), "");
}

TEST(Names, AreReadBack) {
    expect_round_trip({How::cancel, How::async_cancel, How::exit, How::vanish}, parse_how);
    expect_round_trip({Pick::one, Pick::all, Pick::first, Pick::random}, parse_pick);
    expect_round_trip(
        {Outcome::ended, Outcome::done, Outcome::pending, Outcome::refused, Outcome::target_died},
        parse_outcome);
    expect_round_trip({Progress::progressing, Progress::idle, Progress::stuck, Progress::unknown},
                      parse_progress);
    expect_round_trip({WaitKind::mutex, WaitKind::rwlock, WaitKind::cond, WaitKind::sem,
                       WaitKind::barrier, WaitKind::join, WaitKind::futex},
                      parse_wait_kind);
    expect_round_trip({EventKind::created, EventKind::named, EventKind::ended, EventKind::fault},
                      parse_event_kind);
    EXPECT_EQ(to_string(EventKind{}), "") << "its values begin with 1";
    expect_round_trip({EndKind::unknown, EndKind::returned, EndKind::exited, EndKind::cancelled,
                       EndKind::vanished},
                      parse_end_kind);
}

TEST(Names, HowAProcessEnded) {
    EXPECT_EQ(Exit{.code = 3}.text(), "exited with code 3");
    EXPECT_EQ(Exit{.signal = 6}.text(), "was ended by SIGABRT");
    EXPECT_EQ(Exit{}.text(), "ended");
}

TEST(Installation, TheEnvironmentWins) {
    setenv("THREADFAULT_COMMAND", "/there/threadfault", 1);
    EXPECT_EQ(target::find_command(), "/there/threadfault");
    setenv("THREADFAULT_SHIM", "/nowhere/libthreadfault_preload.so", 1);
    try {
        target::find_shim("", true);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("/nowhere/libthreadfault_points.so"),
                  std::string::npos)
            << error.what();
    }
    unsetenv("THREADFAULT_COMMAND");
    unsetenv("THREADFAULT_SHIM");
}

}  // namespace
}  // namespace threadfault
