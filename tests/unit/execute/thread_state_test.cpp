// What /proc says of a thread, and the parsers behind it.
#include "execute/thread_state.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <string>

namespace {

using namespace threadfault::execute;

TEST(BlockedSignals, InPiecesOfAnySize) {
    const std::string text =
        "Name:\tSigBlk:\\n\nUmask:\t0022\nState:\tS (sleeping)\nSigQ:\t0/31395\n"
        "SigPnd:\tffffffffffffffff\nShdPnd:\tffffffffffffffff\n"
        "SigBlk:\t00000000fffbfe17\nSigIgn:\tffffffffffffffff\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        BlockedSignalsParser parser;
        bool found = false;
        for (std::size_t at = 0; at < text.size() && !found; at += piece)
            found = parser.feed(text.data() + at, std::min(piece, text.size() - at));
        ASSERT_TRUE(found) << piece;
        EXPECT_EQ(parser.mask(), 0xfffbfe17U) << piece;
    }
}

TEST(BlockedSignals, NotFound) {
    for (const std::string text : {"", "\n\n\n", "SigBlk:\t00000000fffbfe17",
                                   "SigBlk:\t0000000gfffbfe170\n", "SigBlk: 00000000fffbfe17\n",
                                   "SigBlk:\t00000000fffbfe1\n", "SigBlk:\t00000000fffbfe170\n",
                                   "SigBlk:\t00000000FFFBFE17\n", "XSigBlk:\t00000000fffbfe17\n"}) {
        BlockedSignalsParser parser;
        EXPECT_FALSE(parser.feed(text.data(), text.size())) << text;
    }
    BlockedSignalsParser parser;
    const std::string long_line(100'000, 'x');
    EXPECT_FALSE(parser.feed(long_line.data(), long_line.size()));
}

TEST(JudgeMask, Bits) {
    EXPECT_EQ(judge_mask(0, 60), Deafness::hears);
    EXPECT_EQ(judge_mask(1ULL << 59, 60), Deafness::blocked);
    EXPECT_EQ(judge_mask(~(1ULL << 59), 60), Deafness::hears);
    EXPECT_EQ(judge_mask(~(3ULL << 31), 60), Deafness::blocked);
    EXPECT_EQ(judge_mask(~(1ULL << 31), 60), Deafness::blocked);
    EXPECT_EQ(judge_mask(~0ULL, 60), Deafness::newborn);
    EXPECT_EQ(judge_mask(1ULL << 63, 64), Deafness::blocked);
    EXPECT_EQ(judge_mask(1ULL << 33, 34), Deafness::blocked);
}

TEST(Stat, HostileNames) {
    const std::string fields =
        " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21 22 23 24 25\n";
    for (const std::string name : {"(cat)", "()", "(a b)", "(x) R 1 2 3 ()", "())", "(\n)"}) {
        std::string text = "17 ";
        text.append(name).append(fields);
        ThreadStat stat;
        ASSERT_TRUE(parse_stat(text.data(), text.size(), &stat)) << name;
        EXPECT_EQ(stat.state, 'S') << name;
        EXPECT_EQ(stat.start_ticks, 4242U) << name;
    }
}

TEST(Stat, EveryBeginningOfALineIsRefusedOrRead) {
    const std::string text =
        "17 (cat) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21 22\n";
    const std::size_t whole = text.find("4242 ") + 5;
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string part = text.substr(0, size);  // on the heap: ASan sees a read beyond it
        ThreadStat stat;
        EXPECT_EQ(parse_stat(part.data(), part.size(), &stat), size >= whole) << size;
    }
}

TEST(DeafnessOf, LivingDeafAndDead) {
    const int number = SIGRTMAX - 5;
    EXPECT_EQ(deafness(sys_gettid(), number), Deafness::hears);
    EXPECT_EQ(deafness(0, number), Deafness::gone);
    EXPECT_EQ(deafness(-1, number), Deafness::gone);
    EXPECT_EQ(deafness(1 << 22, number), Deafness::gone);
    DeafWorker all_but_two;
    EXPECT_EQ(deafness(all_but_two.tid(), number), Deafness::blocked);
    DeafWorker all(~0ULL);
    EXPECT_EQ(deafness(all.tid(), number), Deafness::newborn);
    DeafWorker one(1ULL << (number - 1));
    EXPECT_EQ(deafness(one.tid(), number), Deafness::blocked);
    EXPECT_EQ(deafness(one.tid(), number - 1), Deafness::hears);
}

TEST(CpuTime, GrowsWhileAThreadRuns) {
    const pid_t self = sys_gettid();
    const std::int64_t before = cpu_time_ns(self);
    if (access("/proc/self/schedstat", R_OK) != 0) GTEST_SKIP() << "this kernel does not count it";
    EXPECT_GE(before, 0);
    EXPECT_TRUE(eventually([&] { return cpu_time_ns(self) > before; }));
    EXPECT_EQ(cpu_time_ns(0), -1);
    EXPECT_EQ(cpu_time_ns(1 << 22), -1);
}

TEST(Death, OfAThread) {
    Worker worker;
    ExitWatch watch(sys_getpid(), worker.tid(), monotonic_ns());
    EXPECT_FALSE(watch.has_ended());
    EXPECT_FALSE(watch.has_ended());
    worker.join();
    EXPECT_TRUE(eventually([&] { return watch.has_ended(); }));
}

TEST(Death, ATidThatWasGivenToAYoungerThread) {
    Worker worker;
    // A request of a minute ago was not meant for this one.
    ExitWatch watch(sys_getpid(), worker.tid(), monotonic_ns() - 60 * kNanosecondsPerSecond);
    EXPECT_TRUE(watch.has_ended());
}

}  // namespace
