#include "observe/process.hpp"

#include <gtest/gtest.h>

#include <string>

namespace threadfault::observe {
namespace {

std::string stat_line(const std::string& name, const std::string& state = "S") {
    std::string text = "4711 (" + name + ") " + state + " 1 2 3 4 5 4194304 6 7 8 9 250 50";
    for (int field = 16; field < 22; ++field)
        text += " 0";
    text += " 123456";
    for (int field = 23; field < 39; ++field)
        text += " 0";
    text += " 7";
    for (int field = 40; field <= 52; ++field)
        text += " 0";
    return text + "\n";
}

TEST(ParseStat, ReadsTheFields) {
    const auto stat = parse_task_stat(stat_line("worker"));
    ASSERT_TRUE(stat);
    EXPECT_EQ(4711, stat->tid);
    EXPECT_EQ("worker", stat->name);
    EXPECT_EQ('S', stat->state);
    EXPECT_EQ(250U, stat->utime_ticks);
    EXPECT_EQ(50U, stat->stime_ticks);
    EXPECT_EQ(123456U, stat->start_ticks);
    EXPECT_EQ(7, stat->processor);
    EXPECT_DOUBLE_EQ(3.0, stat->cpu_seconds());
}

TEST(ParseStat, NamesMayHoldAnything) {
    for (const char* name : {"a b", "a) R 1", "((", "))", ") S (", " ", "", "x\ny", "tab\there"}) {
        const auto stat = parse_task_stat(stat_line(name));
        ASSERT_TRUE(stat) << name;
        EXPECT_EQ(name, stat->name);
        EXPECT_EQ(123456U, stat->start_ticks) << name;
    }
}

TEST(ParseStat, TheDeadAreToldApart) {
    EXPECT_TRUE(parse_task_stat(stat_line("x", "Z"))->is_dead());
    EXPECT_TRUE(parse_task_stat(stat_line("x", "X"))->is_dead());
    EXPECT_FALSE(parse_task_stat(stat_line("x", "D"))->is_dead());
}

TEST(ParseStat, RefusesWhatIsCutOff) {
    const std::string whole = stat_line("worker");
    EXPECT_FALSE(parse_task_stat(""));
    EXPECT_FALSE(parse_task_stat("4711"));
    EXPECT_FALSE(parse_task_stat("4711 (worker"));
    EXPECT_FALSE(parse_task_stat("4711 (worker) S 1 2"));
    EXPECT_FALSE(parse_task_stat("x (worker) S" + whole.substr(15)));
}

TEST(ParseStatus, ReadsMasksAndNamespaces) {
    const auto status = parse_task_status(
        "Name:\tworker\nTgid:\t40\nPid:\t41\nTracerPid:\t7\nUid:\t1\t2\t3\t4\nNSpid:\t41\t5\n"
        "SigPnd:\t0000000000000001\nSigBlk:\tfffffffe7ffbfeff\nSigIgn:\t0000000000001000\n"
        "SigCgt:\t0800000000000000\nCapEff:\t000001ffffffffff\nSeccomp:\t2\nvoluntary_ctxt_"
        "switches:\t12\n"
        "nonvoluntary_ctxt_switches:\t3\n");
    ASSERT_TRUE(status);
    EXPECT_EQ(41, status->tid);
    EXPECT_EQ(40, status->tgid);
    EXPECT_EQ((std::vector<pid_t>{41, 5}), status->ns_pid);
    EXPECT_EQ(1U, status->real_uid);
    EXPECT_EQ(2U, status->effective_uid);
    EXPECT_EQ(0xfffffffe7ffbfeffU, status->blocked);
    EXPECT_EQ(0x1000U, status->ignored);
    EXPECT_EQ(0x0800000000000000U, status->caught);
    EXPECT_EQ(1U, status->pending);
    EXPECT_EQ(0x1ffffffffffU, status->capabilities);
    EXPECT_EQ(2, status->seccomp);
    EXPECT_EQ(7, status->tracer);
    EXPECT_EQ(12U, status->voluntary_switches);
}

TEST(ParseStatus, RefusesWhatHasNoIds) {
    EXPECT_FALSE(parse_task_status(""));
    EXPECT_FALSE(parse_task_status("Name:\tworker\n"));
}

TEST(ParseSyscall, ReadsTheThreeForms) {
    const auto blocked =
        parse_task_syscall("202 0x7f00 0x80 0x2 0x0 0x0 0xffffffff 0x7ffd10 0x7f1234\n");
    ASSERT_TRUE(blocked);
    EXPECT_FALSE(blocked->running);
    EXPECT_EQ(202, blocked->number);
    EXPECT_EQ(0x7f00U, blocked->arguments[0]);
    EXPECT_EQ(0xffffffffU, blocked->arguments[5]);
    EXPECT_EQ(0x7ffd10U, blocked->stack_pointer);
    EXPECT_EQ(0x7f1234U, blocked->instruction_pointer);
    const auto running = parse_task_syscall("running\n");
    ASSERT_TRUE(running);
    EXPECT_TRUE(running->running);
    const auto outside = parse_task_syscall("-1 0x7ffd10 0x7f1234\n");
    ASSERT_TRUE(outside);
    EXPECT_EQ(-1, outside->number);
    EXPECT_FALSE(parse_task_syscall("202 0x7f00"));
    EXPECT_FALSE(parse_task_syscall("nonsense"));
}

}  // namespace
}  // namespace threadfault::observe
