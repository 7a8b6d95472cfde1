#include "base/run.hpp"

#include "base/spawn.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <string>

namespace threadfault::base {
namespace {

using namespace std::chrono_literals;
using End = RunResult::End;

auto in_a_minute() {
    return std::chrono::steady_clock::now() + 1min;
}

RunResult shell(const std::string& line, RunOptions options = {}) {
    if (options.deadline == std::chrono::steady_clock::time_point::max()) {
        options.deadline = in_a_minute();
    }
    return run({"/bin/sh", "-c", line}, options);
}

TEST(Run, GivesTheInputAndCollectsTheOutput) {
    // More than a pipe holds, in both directions.
    const std::string input(1 << 20, 'x');
    const RunResult ran = run({"cat"}, {.input = input, .deadline = in_a_minute()});
    EXPECT_TRUE(ran.succeeded());
    EXPECT_EQ(ran.output, input);
    EXPECT_FALSE(ran.truncated);
}

TEST(Run, OneThatReadsNothingIsNoTrouble) {
    const std::string input(1 << 20, 'x');
    const RunResult ran = run({"true"}, {.input = input, .deadline = in_a_minute()});
    EXPECT_TRUE(ran.succeeded());
    EXPECT_EQ(ran.output, "");
}

TEST(Run, TellsWhatIsMissingFromWhatFails) {
    const RunResult missing = run({"threadfault-no-such-program"}, {.deadline = in_a_minute()});
    EXPECT_EQ(missing.end, End::not_started);
    EXPECT_EQ(missing.code, ENOENT);
    const RunResult failed = shell("echo half; exit 3");
    EXPECT_EQ(failed.end, End::exited);
    EXPECT_EQ(failed.code, 3);
    EXPECT_FALSE(failed.succeeded());
    EXPECT_EQ(failed.output, "half\n");
    const RunResult killed = shell("kill -9 $$");
    EXPECT_EQ(killed.end, End::signalled);
    EXPECT_EQ(killed.code, SIGKILL);
}

TEST(Run, PatienceEnds) {
    const auto begin = std::chrono::steady_clock::now();
    const RunResult ran = shell("echo first; exec sleep 300", {.deadline = begin + 300ms});
    EXPECT_EQ(ran.end, End::timed_out);
    EXPECT_FALSE(ran.succeeded());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 200s) << "it was waited for";
}

TEST(Run, WhoHoldsTheOutputOpenIsNotWaitedFor) {
    const RunResult ran = shell("echo said; sleep 300 &", {.own_group = true});
    EXPECT_TRUE(ran.succeeded());
    EXPECT_EQ(ran.output, "said\n");
}

TEST(Run, StopsWhenToldTo) {
    Pipe pipe;
    ASSERT_TRUE(pipe.open());
    pipe.write.reset();  // readable: its end
    EXPECT_EQ(shell("exec sleep 300", {.stop = pipe.read.get()}).end, End::stopped);
}

TEST(Run, KeepsTheEndOfTooMuch) {
    const RunResult ran = shell("yes 0123456789 | head -c 300000; echo last", {.most_output = 100});
    EXPECT_TRUE(ran.truncated);
    EXPECT_EQ(ran.output.size(), 100U);
    EXPECT_TRUE(ran.output.ends_with("last\n")) << ran.output;
}

TEST(Run, ErrorsGoWhereTheyAreWanted) {
    const std::string line = "echo out; echo err >&2";
    EXPECT_EQ(shell(line).output, "out\n");
    EXPECT_EQ(shell(line, {.errors = RunOptions::Errors::with_output}).output, "out\nerr\n");
    const RunResult apart = shell(line, {.errors = RunOptions::Errors::apart});
    EXPECT_EQ(apart.output, "out\n");
    EXPECT_EQ(apart.errors, "err\n");
}

TEST(Run, EnvironmentDirectoryAndEmptyInput) {
    const std::vector<std::string> environment = {"GIVEN=a value", "PATH=/bin:/usr/bin"};
    const RunResult ran =
        shell("echo $GIVEN; pwd; cat", {.environment = &environment, .directory = "/"});
    EXPECT_EQ(ran.output, "a value\n/\n");
}

// What a program says that is started that way.
std::string said_by(const std::vector<std::string>& arguments, SpawnOptions options, pid_t* child) {
    Pipe said;
    EXPECT_TRUE(said.open());
    options.streams = {SpawnOptions::kNull, said.write.get(), SpawnOptions::kNull};
    EXPECT_EQ(spawn(arguments.front(), arguments, options, child), 0);
    said.write.reset();
    std::string text;
    for (char byte = 0; read(said.read.get(), &byte, 1) == 1;)
        text += byte;
    EXPECT_EQ(reap(*child), 0);
    return text;
}

TEST(Spawn, SignalsAreHeldOrCleared) {
    const std::vector<std::string> command = {"grep", "SigBlk", "/proc/self/status"};
    pid_t child = 0;
    sigset_t one;
    sigset_t before;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    const std::string ours = said_by(command, {}, &child);
    const std::string clear = said_by(command, {.signals = SpawnOptions::Signals::clear}, &child);
    const std::string held = said_by(command, {.signals = SpawnOptions::Signals::held}, &child);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_EQ(ours, "SigBlk:\t0000000000000200\n");
    EXPECT_EQ(clear, "SigBlk:\t0000000000000000\n");
    EXPECT_EQ(held, "SigBlk:\tfffffffe7ffbfeff\n");
}

TEST(Spawn, OneDescriptorStaysOpenAndTheSessionIsItsOwn) {
    Pipe pipe;
    ASSERT_TRUE(pipe.open());
    pid_t child = 0;
    const std::string said = said_by(
        {"/bin/sh", "-c",
         "for fd in " + std::to_string(pipe.write.get()) + " " + std::to_string(pipe.read.get()) +
             "; do [ -e /proc/$$/fd/$fd ] && echo open || echo closed; done;"
             "cut -d' ' -f6 /proc/$$/stat"},
        {.inherited = {pipe.write.get()}, .family = SpawnOptions::Family::own_session}, &child);
    EXPECT_EQ(said, "open\nclosed\n" + std::to_string(child) + "\n");
}

}  // namespace
}  // namespace threadfault::base
