// Launching a target, and what is seen of it.
#include "support/error_of.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"
#include "target_family.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;

Target launch_shell(const std::string& script, LaunchOptions options = {}) {
    return Target::launch({"/bin/sh", "-c", script}, options);
}

TEST(TargetLaunch, RunsTheProgramAndTellsHowItEnded) {
    const Target target = launch_shell("echo out; echo err >&2; exit 4");
    ASSERT_TRUE(target.wait_exit(kLong));
    EXPECT_EQ(target.wait_exit()->code, 4);
    EXPECT_EQ(target.wait_exit()->text(), "exited with code 4");
    EXPECT_EQ(target.output(), "out\n");
    EXPECT_EQ(target.errors(), "err\n");
}

TEST(TargetLaunch, EnvironmentAndDirectory) {
    const std::string directory = std::filesystem::canonical(testing::TempDir());
    const Target target = launch_shell(
        "echo $COLOUR; pwd; echo $LD_PRELOAD",
        {.environment = {{"COLOUR", "red"}, {"LD_PRELOAD", ""}}, .directory = directory});
    ASSERT_TRUE(target.wait_exit(kLong));
    EXPECT_THAT(target.output(), HasSubstr("red\n" + directory + "\n"));
    EXPECT_THAT(target.output(), HasSubstr("libthreadfault_preload.so"));
}

TEST(TargetLaunch, ThePointsLibraryWhereItIsAskedForOrNeeded) {
    const Target asked = launch_shell("echo $LD_PRELOAD", {.shim = Shim::points});
    ASSERT_TRUE(asked.wait_exit(kLong));
    EXPECT_THAT(asked.output(), HasSubstr("libthreadfault_points.so"));
    const Target needed =
        launch_shell("echo $LD_PRELOAD", {.inject = {"pthread_mutex_lock:delay=1ms"}});
    ASSERT_TRUE(needed.wait_exit(kLong));
    EXPECT_THAT(needed.output(), HasSubstr("libthreadfault_points.so"));
}

TEST(TargetLaunch, TheTargetsSignalsAreAsAShellStartsThem) {
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    signal(SIGUSR1, SIG_IGN);
    const Target target = Target::launch({"/bin/grep", "Sig[BI]", "/proc/self/status"});
    signal(SIGUSR1, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ASSERT_TRUE(target.wait_exit(kLong));
    // Whether 32 and 33 are ignored is glibc's own business.
    EXPECT_THAT(target.output(),
                testing::MatchesRegex("SigBlk:\t0{16}\nSigIgn:\t0{7}[0-9][08]0{7}\n"));
}

TEST(TargetLaunch, NoDescriptorOfOurs) {
    // Those that would be inherited anyway.
    std::set<std::string> expected = {"0", "1", "2"};
    for (int fd = 3; fd < 1024; fd++) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) expected.insert(std::to_string(fd));
    }
    const Target target = Target::launch({"/usr/bin/python3", "-c",
                                          "import os\n"
                                          "for fd in range(1024):\n"
                                          "    try: os.fstat(fd); print(fd)\n"
                                          "    except OSError: pass\n"});
    ASSERT_TRUE(target.wait_exit(kLong));
    std::istringstream output(target.output());
    const std::set<std::string> found{std::istream_iterator<std::string>(output), {}};
    EXPECT_EQ(found, expected);
}

TEST(TargetLaunch, InputIsReadLineByLine) {
    Target target = Target::launch({"/bin/cat"}, {.input = Input::piped});
    target.write("one\ntwo\n");
    std::size_t position = 0;
    EXPECT_EQ(target.wait_for_line("^[a-z]+$", kLong, Stream::output, &position), "one");
    EXPECT_EQ(target.wait_for_line("^[a-z]+$", kLong, Stream::output, &position), "two");
    EXPECT_EQ(target.wait_for_line("w", kLong), "two");
    EXPECT_EQ(target.wait_for_line("three", 1ms), std::nullopt);
    target.close_input();
    EXPECT_EQ(target.wait_exit(kLong)->code, 0);
    const Error error = error_of([&] { target.write("four\n"); });
    EXPECT_EQ(error.code(), ErrorCode::input_closed);
}

TEST(TargetLaunch, MoreOutputThanAPipeHolds) {
    const Target target = launch_shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end");
    EXPECT_EQ(target.wait_for_line("^end$", kLong), "end");
    EXPECT_EQ(target.output().size(), 3000005U);
}

TEST(TargetLaunch, ReadyWhenItListens) {
    const int port = free_tcp_port();
    const std::string text = std::to_string(port);
    const Target target =
        Target::launch({"/usr/bin/python3", "-c",
                        "import socket, sys, threading, time\n"
                        "s = socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen()\n"
                        "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
                        "s.accept(); print('accepted')\n",
                        text},
                       {.ready = {.listening = text, .within = kLong}});
    EXPECT_EQ(target.output(), "") << "looking is no connection";
}

TEST(TargetLaunch, ReadyWhenAThreadIsThere) {
    const Target target = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});
    EXPECT_EQ(target.threads("name=reader").size(), 1U);
}

TEST(TargetLaunch, NotReadyInTime) {
    const Error error = error_of([] {
        launch_shell("echo starting; exec sleep 1000",
                     {.ready = {.output = "ready", .within = 1s}});
    });
    EXPECT_EQ(error.code(), ErrorCode::not_ready);
    EXPECT_THAT(error.what(), HasSubstr("no line of its output matches \"ready\""));
    EXPECT_THAT(error.what(), HasSubstr("starting"));
}

TEST(TargetLaunch, EndedInsteadOfBeingReady) {
    const Error error = error_of([] {
        launch_shell("echo no config >&2; exit 9", {.ready = {.output = "ready", .within = kLong}});
    });
    EXPECT_EQ(error.code(), ErrorCode::target_died);
    EXPECT_THAT(error.what(), HasSubstr("exited with code 9"));
    EXPECT_THAT(error.what(), HasSubstr("no config"));
}

TEST(TargetLaunch, WhatCannotBeStarted) {
    EXPECT_EQ(error_of([] { (void)Target::launch({"no-such-program"}); }).code(),
              ErrorCode::not_found);
    EXPECT_EQ(error_of([] { (void)Target::launch({"/etc/passwd"}); }).code(),
              ErrorCode::not_executable);
    EXPECT_EQ(error_of([] { (void)Target::launch({}); }).code(), ErrorCode::usage);
    EXPECT_EQ(error_of([] { launch_shell("true", {.directory = "/nowhere"}); }).code(),
              ErrorCode::no_directory);
    EXPECT_EQ(error_of([] { launch_shell("true", {.shim_path = "/nowhere.so"}); }).code(),
              ErrorCode::bad_shim);
    EXPECT_EQ(error_of([] { launch_shell("true", {.inject = {"nonsense"}}); }).code(),
              ErrorCode::bad_spec);
    EXPECT_EQ(error_of([] { launch_shell("true", {.ready = {.output = "("}}); }).code(),
              ErrorCode::bad_regex);
    EXPECT_EQ(error_of([] { (void)Target::attach_to(getpid()); }).code(), ErrorCode::no_agent);
}

TEST(TargetView, Threads) {
    const Target target = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});
    ASSERT_TRUE(eventually([&] { return target.threads("name=spinner").size() == 1; }));
    const std::vector<ThreadInfo> threads = target.threads();
    std::string seen;
    for (const ThreadInfo& thread : threads)
        seen += thread.name + " " + thread.path + " " + std::to_string(thread.tid) + "\n";
    ASSERT_EQ(threads.size(), 5U) << seen;
    EXPECT_TRUE(threads.front().main);
    EXPECT_EQ(threads.front().tid, target.pid());
    const ThreadInfo reader = target.wait_for_thread("name=reader", kLong);
    EXPECT_EQ(reader.path, "main/4");
    EXPECT_EQ(reader.index, 4U);
    EXPECT_EQ(reader.creator_tid, target.pid());
    EXPECT_THAT(reader.start, HasSubstr("reader"));
    EXPECT_EQ(target.threads(reader.selector()).front().name, "reader");
    EXPECT_TRUE(target.threads("name=nobody").empty());
    EXPECT_EQ(error_of([&] { target.wait_for_thread("name=nobody", 0s); }).code(),
              ErrorCode::no_such_thread);
    EXPECT_EQ(error_of([&] { (void)target.threads("nmae=x"); }).code(), ErrorCode::bad_selector);
}

TEST(TargetView, AProcessWithoutThreadsHasNoAgent) {
    Target target = Target::launch({"/bin/cat"}, {.input = Input::piped});
    EXPECT_THAT(target.threads(), ElementsAre(Field(&ThreadInfo::main, true)));
    EXPECT_EQ(error_of([&] { (void)target.kill("main"); }).code(), ErrorCode::no_agent);
}

TEST(TargetView, Locks) {
    const Target target = Family("locks").launch();
    const auto stuck = [&] {
        for (const LockInfo& lock : target.locks().locks) {
            if (lock.waiters.size() == 2) return true;
        }
        return false;
    };
    ASSERT_TRUE(eventually(stuck));
    const LockReport report = target.locks();
    EXPECT_FALSE(report.has_orphans());
    ASSERT_EQ(report.locks.size(), 1U);
    const LockInfo& lock = report.locks.front();
    EXPECT_EQ(lock.kind, WaitKind::mutex);
    EXPECT_THAT(lock.symbol, HasSubstr("contested"));
    EXPECT_EQ(lock.owner_name, "owner");
    EXPECT_TRUE(lock.owner_alive);
    EXPECT_THAT(report.tree, HasSubstr("waiter"));
}

TEST(TargetView, SelectorsThatNeedALookAtTheStackOrTheLocks) {
    const Target target = Family("locks").launch();
    EXPECT_EQ(target.wait_for_thread("in=pthread_mutex_lock*,name=waiter", kLong).name, "waiter");
    EXPECT_EQ(target.wait_for_thread("holding=*contested", kLong).name, "owner");
}

TEST(TargetView, Stack) {
    Target target = Family("locks").launch();
    ASSERT_TRUE(eventually([&] { return target.threads("waiting=mutex").size() == 2; }));
    EXPECT_THAT(target.stack("name=waiter"), HasSubstr("want"));
    EXPECT_THAT(target.stack(), HasSubstr("wait_for_ever"));
    EXPECT_EQ(error_of([&] { (void)target.stack("name=nobody"); }).code(),
              ErrorCode::no_such_thread);
    EXPECT_EQ(target.last_stack(), "");
    ASSERT_EQ(target.kill("name=owner", {.wait = kLong, .how = How::vanish}).size(), 1U);
    EXPECT_THAT(target.last_stack(), HasSubstr("own"));
    const Target without = Target::launch({"/bin/true"}, {.last_stacks = false});
    EXPECT_EQ(without.last_stack(), "");
}

TEST(TargetView, Watch) {
    const Target busy = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});
    const WatchReport report = busy.watch(200ms);
    EXPECT_EQ(report.verdict, Progress::progressing);
    EXPECT_GE(report.watched, 200ms);
    EXPECT_LT(report.watched, kLong);
    const Target ended = launch_shell("exit 0");
    ASSERT_TRUE(ended.wait_exit(kLong));
    EXPECT_EQ(error_of([&] { (void)ended.watch(1ms); }).code(), ErrorCode::target_died);
}

TEST(TargetView, Events) {
    Target target = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});
    EventStream events = target.events();
    const auto before = std::chrono::system_clock::now();
    target.write("spawn\n");
    const auto event = events.next(kLong);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, EventKind::created);
    EXPECT_EQ(event->path, "main/5");
    EXPECT_GE(event->time, before);
    EXPECT_LE(event->time, std::chrono::system_clock::now());
    bool ended = false;
    while (!ended) {
        const auto next = events.next(kLong);
        ASSERT_TRUE(next);
        ended = next->kind == EventKind::ended && next->end == EndKind::returned;
    }
    target.write("quit\n");
    EXPECT_EQ(error_of([&] {
                  while (events.next(kLong)) {
                  }
              }).code(),
              ErrorCode::target_died);
}

TEST(TargetView, AttachedToWhatTheCommandRuns) {
    const Family family("locks");
    const Target launched = family.launch();
    Target attached = Target::attach_to(launched.pid());
    EXPECT_EQ(attached.wait_for_thread("name=waiter", kLong).name, "waiter");
    EXPECT_EQ(attached.wait_exit(0s), std::nullopt);
    attached.terminate();
    EXPECT_FALSE(attached.alive());
    EXPECT_EQ(launched.wait_exit(kLong)->signal, SIGTERM);
}

TEST(TargetView, MayBeUsedFromManyThreads) {
    Target target = Target::launch(
        {TARGET_COUNTERS},
        {.input = Input::piped, .ready = {.thread = "name=reader", .within = kLong}});
    ASSERT_TRUE(eventually([&] { return target.threads().size() == 5; }))
        << "the reader is one of 5";
    std::vector<std::thread> users;
    std::atomic<int> done{0};
    for (int i = 0; i < 4; i++) {
        users.emplace_back([&] {
            for (int k = 0; k < 10; k++) {
                if (target.threads().size() == 5) done++;
                (void)target.interrupt("name=reader");
                target.write("eintr\n");
            }
        });
    }
    for (std::thread& user : users)
        user.join();
    EXPECT_EQ(done, 40);
}

}  // namespace
}  // namespace threadfault::test
