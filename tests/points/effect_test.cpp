// What a fault at a point does to the thread that is there.
#include "inject/spec.hpp"
#include "run_target.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace threadfault::test {
namespace {

TEST(SpuriousWakeup, HoldsTheMutex) {
    // Five waits return for nothing, the sixth is woken by the condition: all with the mutex held.
    EXPECT_EQ("waits 6 held 6\n",
              output_of({"spurious", "6"}, injecting({"pthread_cond_wait:spurious:when=1..5"})));
    EXPECT_EQ("waits 1 held 1\n", output_of({"spurious", "1"}, injecting({})));
}

TEST(SpuriousWakeup, LetsGoOfTheMutexMeanwhile) {
    // The waiter holds it all the time but in its waits, none of which is a real one.
    const std::string shown =
        output_of({"spurious", "10"}, injecting({"pthread_cond_wait:spurious"}));
    int waits = 0;
    int held = 0;
    ASSERT_EQ(2, std::sscanf(shown.c_str(), "waits %d held %d", &waits, &held)) << shown;
    EXPECT_GE(waits, 10);
    EXPECT_EQ(waits, held);
}

TEST(KillAtAPoint, VanishesWithTheLockInTheVeryCall) {
    EXPECT_EQ(
        "thread 1 locked 20 then free\n"
        "thread 2 locked 6 then held\n"
        "thread 3 locked 20 then free\n",
        output_of({"locks", "20"},
                  injecting({"pthread_mutex_lock:after:kill=vanish:when=7:thread=path=main/2"})));
}

TEST(KillAtAPoint, BeforeTheLockLeavesItFree) {
    EXPECT_EQ(
        "thread 1 locked 20 then free\n"
        "thread 2 locked 20 then free\n"
        "thread 3 locked 6 then free\n",
        output_of({"locks", "20"},
                  injecting({"pthread_mutex_lock:before:kill=vanish:when=7:thread=nth=3"})));
}

TEST(KillAtAPoint, UnwindsWhatUnwinds) {
    EXPECT_EQ("reads 10 returned\n", output_of({"end"}, injecting({})).substr(11));
    EXPECT_EQ("destructor\nreads 2 cancelled\n",
              output_of({"end"}, injecting({"read:kill=cancel:when=3"})));
    EXPECT_EQ("destructor\nreads 2 gone\n",
              output_of({"end"}, injecting({"read:kill=exit:when=3"})));
    EXPECT_EQ("reads 2 gone\n", output_of({"end"}, injecting({"read:kill=vanish:when=3"})));
}

TEST(KillAtAPoint, CountsReturnsWhereItComesAfter) {
    EXPECT_EQ("thread 2 gone\nthread 1 returned\n",
              output_of({"returns"}, injecting({"sem_wait:after:kill=vanish:when=1"})));
    EXPECT_EQ("thread 2 returned\nthread 1 gone\n",
              output_of({"returns"}, injecting({"sem_wait:before:freeze=1ms:when=1",
                                                "sem_wait:after:kill=vanish:when=2"})));
}

TEST(StartGlob, MeansTheStartRoutineWhereItsNameIsKnown) {
    // read_often() is no dynamic symbol: the name is unknown, the address is not.
    EXPECT_EQ("destructor\nreads 10 returned\n",
              output_of({"end"}, injecting({"read:error=EIO:thread=start=no_such_*"})));
    EXPECT_EQ("destructor\nreads 0 returned\n",
              output_of({"end"}, injecting({"read:error=EIO:thread=start=read*,"
                                            "start@+0x0-0xffffffff"})));
    EXPECT_EQ("destructor\nreads 10 returned\n",
              output_of({"end"}, injecting({"read:error=EIO:thread=start@+0x0-0x1"})));
}

TEST(StartGlob, IsResolvedFromTheProgramsFile) {
    inject::Spec spec = inject::parse_spec("read:error=EIO:thread=start=*::read_often");
    inject::resolve_start_routines(spec, POINTS_TARGET);
    EXPECT_NE(std::string::npos, spec.text.find(",start@+0x")) << spec.text;
    EXPECT_EQ("destructor\nreads 0 returned\n", output_of({"end"}, injecting({spec.text})));
    inject::Spec other = inject::parse_spec("read:error=EIO:thread=start=*::lock_often");
    inject::resolve_start_routines(other, POINTS_TARGET);
    EXPECT_EQ("destructor\nreads 10 returned\n", output_of({"end"}, injecting({other.text})));
    inject::Spec unknown = inject::parse_spec("read:error=EIO:thread=start=no_such_function");
    inject::resolve_start_routines(unknown, POINTS_TARGET);
    EXPECT_EQ("no_such_function", unknown.start_glob());
}

TEST(Delay, HoldsTheCallUp) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ("calls 3 hits 0\n",
              output_of({"calls", "read", "3"}, injecting({"read:delay=50ms:when=2..3"})));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
}

TEST(SeveralSpecs, ActTogether) {
    EXPECT_EQ(
        "hit 2 11\nhit 3 5\nhit 4 11\ncalls 4 hits 3\n",
        output_of({"calls", "read", "4"}, injecting({"read:error=EAGAIN:when=2+2", "read:delay=1us",
                                                     "read:error=EIO:when=2..3"})));
}

TEST(MalformedSpecs, AreLeftOut) {
    EXPECT_EQ(
        "hit 1 5\ncalls 1 hits 1\n",
        output_of({"calls", "read", "1"}, injecting({"read:eror=EIO", "", "read:error=EIO"})));
}

}  // namespace
}  // namespace threadfault::test
