// Durations, signals, suggestions: the words of the command line.
#include "base/duration.hpp"
#include "base/signal_name.hpp"
#include "base/suggest.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace threadfault::base;

TEST(Duration, HasAUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("2s"), 2s);
    EXPECT_EQ(parse_duration("1m"), 1min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("10us"), 10us);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, NonsenseIsNone) {
    for (const char* text :
         {"",   "s",    "1",    "1.5",  "-1s",  "+1s", " 1s",   "1s ", "1 s",       "1x",
          "1S", "infs", "nans", "1e3s", "0x1s", "1s2", "1ms2s", ".5s", "99999999h", "1d"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(Duration, TheErrorNamesTheOption) {
    try {
        require_duration("--wait", "soon");
        FAIL() << "no error";
    } catch (const threadfault::Error& error) {
        EXPECT_EQ(error.code(), threadfault::ErrorCode::usage);
        EXPECT_STREQ(error.what(), "--wait: \"soon\" is not a duration");
    }
}

TEST(Duration, IsShortForPeople) {
    EXPECT_EQ(short_duration(0.0004), "0.4 ms");
    EXPECT_EQ(short_duration(0.9994), "999.4 ms");
    EXPECT_EQ(short_duration(0.9999), "1.0 s");
    EXPECT_EQ(short_duration(1.2), "1.2 s");
    EXPECT_EQ(short_duration(59.99), "1m00s");
    EXPECT_EQ(short_duration(185), "3m05s");
    EXPECT_EQ(short_duration(2 * 3600 + 13 * 60), "2h13m");
    EXPECT_EQ(short_duration(4 * 86400 + 2 * 3600), "4d02h");
    EXPECT_EQ(short_duration(-1), "0.0 ms");
}

TEST(Signal, HasManySpellings) {
    for (const char* text : {"TERM", "SIGTERM", "term", "SigTerm", "15"})
        EXPECT_EQ(parse_signal(text), SIGTERM) << text;
    EXPECT_EQ(parse_signal("RTMIN"), SIGRTMIN);
    EXPECT_EQ(parse_signal("RTMIN+3"), SIGRTMIN + 3);
    EXPECT_EQ(parse_signal("sigrtmax-1"), SIGRTMAX - 1);
    EXPECT_EQ(parse_signal("64"), 64);
    EXPECT_EQ(parse_signal("IOT"), SIGABRT);
    EXPECT_EQ(parse_signal("CLD"), SIGCHLD);
    EXPECT_EQ(parse_signal("33"), 33);  // glibc's: what to do about it is the command's business
}

TEST(Signal, NonsenseIsNone) {
    for (const char* text :
         {"", "0", "-1", "65", "999999999999", "SIG", "TERMS", "RTMIN+", "RTMIN-1", "RTMAX+1",
          "RTMIN+31", "RTMAX-31", "RTMIN+-1", "RTMIN+x", "15x", "RTMIN+99999999999"}) {
        EXPECT_EQ(parse_signal(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(Signal, NamesComeBack) {
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(SIGRTMIN), "SIGRTMIN");
    EXPECT_EQ(signal_name(SIGRTMIN + 2), "SIGRTMIN+2");
    EXPECT_EQ(signal_name(33), "signal 33");
    EXPECT_EQ(signal_name(0), "signal 0");
    EXPECT_EQ(signal_name(-3), "signal -3");
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (number == 32 || number == 33) continue;
        EXPECT_EQ(parse_signal(signal_name(number)), number);
    }
}

TEST(Signal, NearMissesAreSuggested) {
    EXPECT_EQ(nearest_signal("SIGTREM"), "TERM");
    EXPECT_EQ(nearest_signal("sigsegb"), "SEGV");
    EXPECT_EQ(nearest_signal("bananas"), "");
}

TEST(EditDistance, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kill", "kill"), 0U);
    EXPECT_EQ(edit_distance("kil", "kill"), 1U);
    EXPECT_EQ(edit_distance("klil", "kill"), 1U);  // a swap of neighbours is one edit
    EXPECT_EQ(edit_distance("hwo", "how"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(Nearest, FindsTheNearOnes) {
    constexpr std::array<std::string_view, 5> kWords = {"run", "ps", "kill", "signal", "doctor"};
    EXPECT_EQ(nearest("kil", kWords), "kill");
    EXPECT_EQ(nearest("sginal", kWords), "signal");
    EXPECT_EQ(nearest("doc", kWords), "doctor");
    EXPECT_EQ(nearest("kills", kWords), "kill");
    EXPECT_EQ(nearest("banana", kWords), "");
    EXPECT_EQ(nearest("", kWords), "");
    EXPECT_EQ(nearest("kill", std::span<const std::string_view>()), "");
}

TEST(NearestNumber, IsWhatAPersonMeant) {
    const std::array<pid_t, 3> pids = {4711, 471, 9000};
    EXPECT_EQ(nearest_number(4712, pids), 4711);
    EXPECT_EQ(nearest_number(4171, pids), 4711);  // swapped digits
    EXPECT_EQ(nearest_number(9001, pids), 9000);
    EXPECT_EQ(nearest_number(1, std::span<const pid_t>()), 0);
}

}  // namespace
