// Probes: single tries against small servers, and what a history of tries is judged to be.
#include "one_shot_server.hpp"
#include "scenario/match.hpp"
#include "scenario/probe/prober.hpp"

#include <gtest/gtest.h>

#include <thread>

#include <atomic>
#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace threadfault::scenario;
using threadfault::Regex;
using threadfault::test::OneShotServer;

TimePoint in_a_while() {
    return Clock::now() + 20s;
}

Attempt ask(const OneShotServer& server, const std::string& expect,
            TimePoint deadline = in_a_while()) {
    const Stop stop;
    return try_socket({false, "127.0.0.1:" + server.port(), "hello\n", expect}, deadline, stop);
}

TEST(FindLine, LooksLineByLine) {
    EXPECT_EQ(find_line("a\r\nb1\nc", Regex("^b[0-9]$")), "b1");
    EXPECT_EQ(find_line("a\r\nb", Regex("a$")), "a") << "without the carriage return";
    EXPECT_EQ(find_line("a\nb", Regex("ab")), std::nullopt);
    EXPECT_EQ(find_line("", Regex("x")), std::nullopt);
    EXPECT_EQ(find_line("abc", Regex("b")), "abc") << "no end of line";
    const std::string longest(1'000'000, 'x');
    EXPECT_TRUE(find_line(longest, Regex("^(x|y)*$"))) << "no stack overflow";
}

TEST(SocketProbe, WantsTheAnswer) {
    const OneShotServer server("200 fine\r\n");
    ASSERT_TRUE(server.ok());
    EXPECT_TRUE(ask(server, "^200 fine$").healthy);
    EXPECT_TRUE(ask(server, "").healthy) << "connected is enough";
    const Attempt other = ask(server, "^500");
    EXPECT_FALSE(other.healthy);
    EXPECT_EQ(other.why, "unexpected answer");
}

TEST(SocketProbe, GivesUpAtTheDeadline) {
    const OneShotServer server("");
    const Attempt silence = ask(server, "x", Clock::now() + 50ms);
    EXPECT_FALSE(silence.healthy);
    EXPECT_EQ(silence.why, "no answer in time");
}

TEST(SocketProbe, GivesUpWhenStopped) {
    const OneShotServer server("");
    Stop stop;
    stop.request();
    const Attempt attempt =
        try_socket({false, "127.0.0.1:" + server.port(), "hello\n", "x"}, in_a_while(), stop);
    EXPECT_FALSE(attempt.healthy);
    EXPECT_EQ(attempt.why, "stopped");
}

TEST(SocketProbe, NobodyListens) {
    std::string port;
    {
        const OneShotServer server("x");
        port = server.port();
    }
    const Stop stop;
    const Attempt attempt = try_socket({false, "127.0.0.1:" + port, "", ""}, in_a_while(), stop);
    EXPECT_FALSE(attempt.healthy);
    EXPECT_EQ(attempt.why, "Connection refused");
}

TEST(SocketProbe, UnixSockets) {
    const std::string path = testing::TempDir() + "probe-" + std::to_string(getpid()) + ".sock";
    unlink(path.c_str());
    const Stop stop;
    {
        const OneShotServer server("pong\n", path);
        ASSERT_TRUE(server.ok());
        EXPECT_TRUE(try_socket({true, path, "ping\n", "pong"}, in_a_while(), stop).healthy);
    }
    unlink(path.c_str());
    EXPECT_EQ(try_socket({true, path, "", ""}, in_a_while(), stop).why,
              "No such file or directory");
    EXPECT_FALSE(try_socket({true, std::string(200, 'x'), "", ""}, in_a_while(), stop).healthy);
    EXPECT_EQ(try_socket({true, "@threadfault-nobody", "", ""}, in_a_while(), stop).why,
              "Connection refused");
}

Attempt get(const OneShotServer& server, long status, const std::string& expect,
            TimePoint deadline = in_a_while()) {
    const Stop stop;
    return try_http({"http://127.0.0.1:" + server.port() + "/", status, expect}, deadline, stop);
}

TEST(HttpProbe, WantsStatusAndBody) {
    const OneShotServer server(
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n");
    EXPECT_TRUE(get(server, 200, "").healthy);
    EXPECT_TRUE(get(server, 200, "^hello$").healthy);
    EXPECT_EQ(get(server, 204, "").why, "status 200 instead of 204");
    EXPECT_EQ(get(server, 200, "bye").why, "unexpected answer");
}

TEST(HttpProbe, GivesUpAtTheDeadline) {
    const OneShotServer server("");
    EXPECT_EQ(get(server, 200, "", Clock::now() + 50ms).why, "no answer in time");
}

CommandResult shell(const std::string& line, TimePoint deadline = in_a_while()) {
    const Stop stop;
    return run_command({"/bin/sh", "-c", line}, {{{"GIVEN", "a value"}}, "/"}, deadline, stop);
}

TEST(Command, HasItsEnvironmentDirectoryAndOutput) {
    const CommandResult result = shell("echo $GIVEN; pwd; echo no >&2; cat; exit 3");
    EXPECT_EQ(result.end, CommandResult::End::exited);
    EXPECT_EQ(result.code, 3);
    EXPECT_EQ(result.output, "a value\n/\nno\n");
    EXPECT_EQ(result.text(), "exited with code 3");
}

TEST(Command, EndsAtTheDeadlineWithItsChildren) {
    const CommandResult result = shell("sleep 1000 & sleep 1000", Clock::now() + 50ms);
    EXPECT_EQ(result.text(), "did not end in time");
}

TEST(Command, MayBeKilledOrMissing) {
    EXPECT_EQ(shell("kill -9 $$").text(), "was ended by SIGKILL");
    const Stop stop;
    EXPECT_EQ(run_command({"/nowhere/program"}, {}, in_a_while(), stop).text(),
              "can't be started: No such file or directory");
}

TEST(Command, KeepsTheEndOfLongOutput) {
    const CommandResult result = shell("yes 0123456789 | head -c 1000000; echo; echo last");
    EXPECT_EQ(result.output.size(), 64U * 1024);
    EXPECT_TRUE(result.output.ends_with("last\n"));
}

TEST(Command, IsAProbe) {
    const Stop stop;
    EXPECT_TRUE(try_command({{"true"}}, {}, in_a_while(), stop).healthy);
    EXPECT_EQ(try_command({{"false"}}, {}, in_a_while(), stop).why, "false exited with code 1");
}

TEST(Prober, IsHealthyWhenTheNextTriesAre) {
    const Stop stop;
    Prober prober([](TimePoint, const Stop&) { return Attempt{true, ""}; }, 1ms, 1s);
    const Prober::Judgement judgement = prober.judge_now(stop);
    EXPECT_TRUE(judgement.healthy);
    EXPECT_GE(judgement.tries, Prober::kStreak);
    EXPECT_EQ(judgement.failures, 0U);
}

TEST(Prober, OneFailureOfTheNextTriesIsEnough) {
    const Stop stop;
    std::atomic<int> count = 0;
    Prober prober(
        [&](TimePoint, const Stop&) {
            return Attempt{++count % 3 != 0, "every third one"};
        },
        1ms, 1s);
    const Prober::Judgement judgement = prober.judge_now(stop);
    EXPECT_FALSE(judgement.healthy);
    EXPECT_EQ(judgement.why, "every third one");
}

TEST(Prober, SeesARecovery) {
    const Stop stop;
    std::atomic<int> count = 0;
    Prober prober(
        [&](TimePoint, const Stop&) {
            return Attempt{++count > 20, "not yet"};
        },
        1ms, 1s);
    const Prober::Judgement judgement = prober.judge_recovery(20s, stop);
    EXPECT_TRUE(judgement.healthy);
    EXPECT_GT(prober.history().size(), 20U);
    EXPECT_NE(prober.text().find(" failed, longest outage "), std::string::npos) << prober.text();
}

TEST(Prober, NoRecoveryHasAReason) {
    const Stop stop;
    Prober prober([&](TimePoint, const Stop&) { return Attempt{false, "refused"}; }, 1ms, 1s);
    const Prober::Judgement judgement = prober.judge_recovery(50ms, stop);
    EXPECT_FALSE(judgement.healthy);
    EXPECT_FALSE(judgement.why.empty());
}

TEST(Prober, AStuckTryIsCutShortForAJudge) {
    const Stop stop;
    std::atomic<int> count = 0;
    Prober prober(
        [&](TimePoint deadline, const Stop& interrupt) {
            if (++count > 1) return Attempt{true, ""};
            interrupt.sleep_until(deadline);
            return Attempt{false, "stuck"};
        },
        1ms, 1000s);
    while (count == 0)
        std::this_thread::yield();  // only a try that is under way can be cut short
    EXPECT_TRUE(prober.judge_recovery(20s, stop).healthy);
    for (const Try& one : prober.history())
        EXPECT_TRUE(one.healthy) << "the one that was cut short does not count";
}

TEST(Prober, AJudgeStopsWhenTheUserWants) {
    Stop stop;
    Prober prober(
        [&](TimePoint deadline, const Stop& interrupt) {
            interrupt.sleep_until(deadline);
            return Attempt{false, "stuck"};
        },
        1ms, 1000s);
    stop.request();
    EXPECT_FALSE(prober.judge_now(stop).healthy);
}

TEST(Outage, LastsFromTheFirstFailureToTheNextHealthyTry) {
    const TimePoint zero;
    const auto at = [&](int begin, int end, bool healthy) {
        return Try{zero + std::chrono::seconds(begin), zero + std::chrono::seconds(end), healthy,
                   ""};
    };
    EXPECT_EQ(longest_outage({}), 0s);
    EXPECT_EQ(longest_outage({at(0, 1, true), at(1, 2, true)}), 0s);
    EXPECT_EQ(longest_outage({at(0, 1, false), at(2, 3, false), at(5, 6, true)}), 5s);
    EXPECT_EQ(longest_outage({at(0, 1, true), at(2, 9, false)}), 7s) << "it has not ended";
}

}  // namespace
