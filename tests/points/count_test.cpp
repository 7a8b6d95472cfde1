// The calls that are injected are those that the expression names: the target counts itself.
#include "run_target.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <threads.h>

namespace threadfault::test {
namespace {

struct Case {
    const char* call;   // as the target makes it
    const char* point;  // as the SPEC names it
    const char* fault;
    const char* when;
    int seen;  // by the target
    int first, last, step;
};

constexpr int kCalls = 40;

std::string expected(const Case& one) {
    std::string lines;
    int hits = 0;
    for (int number = 1; number <= kCalls; ++number) {
        if (number < one.first || number > one.last || (number - one.first) % one.step != 0) {
            continue;
        }
        lines += "hit " + std::to_string(number) + " " + std::to_string(one.seen) + "\n";
        ++hits;
    }
    return lines + "calls " + std::to_string(kCalls) + " hits " + std::to_string(hits) + "\n";
}

class CountedCalls : public testing::TestWithParam<Case> {};

TEST_P(CountedCalls, AreThoseOfTheExpression) {
    const Case& one = GetParam();
    const std::string spec = std::string(one.point) + ":" + one.fault + ":when=" + one.when;
    EXPECT_EQ(expected(one),
              output_of({"calls", one.call, std::to_string(kCalls)}, injecting({spec})))
        << spec;
}

constexpr int kAll = kCalls;
const Case kCases[] = {
    {"pthread_create", "pthread_create", "error=EAGAIN", "3", EAGAIN, 3, 3, 1},
    {"thrd_create", "thrd_create", "error=thrd_nomem", "2+7", thrd_nomem, 2, kAll, 7},
    {"pthread_mutex_lock", "pthread_mutex_lock", "error=EDEADLK", "1+5", EDEADLK, 1, kAll, 5},
    {"pthread_mutex_trylock", "pthread_mutex_trylock", "error=EBUSY", "2..9", EBUSY, 2, 9, 1},
    {"pthread_mutex_timedlock", "pthread_mutex_timedlock", "error=ETIMEDOUT", "5..30+4", ETIMEDOUT,
     5, 30, 4},
    {"pthread_rwlock_rdlock", "pthread_rwlock_rdlock", "error=EAGAIN", "38+", EAGAIN, 38, kAll, 1},
    {"pthread_rwlock_trywrlock", "pthread_rwlock_trywrlock", "error=EBUSY", "40", EBUSY, 40, 40, 1},
    {"pthread_cond_timedwait", "pthread_cond_timedwait", "spurious", "1+5", 1, 1, kAll, 5},
    {"cnd_timedwait", "cnd_timedwait", "spurious", "4..8+2", 1, 4, 8, 2},
    {"mtx_trylock", "mtx_trylock", "error=thrd_busy", "7..7", thrd_busy, 7, 7, 1},
    {"pthread_key_create", "pthread_key_create", "error=ENOMEM", "10+10", ENOMEM, 10, kAll, 10},
    {"sem_wait", "sem_wait", "error=EINTR", "1..3", EINTR, 1, 3, 1},
    {"sem_post", "sem_post", "error=EOVERFLOW", "39", EOVERFLOW, 39, 39, 1},
    {"read", "read", "error=EIO", "2+2", EIO, 2, kAll, 2},
    {"__read_chk", "read", "error=EAGAIN", "3+3", EAGAIN, 3, kAll, 3},
    {"write", "write,writev", "error=ENOSPC", "11..21+5", ENOSPC, 11, 21, 5},
    {"recv", "recv", "error=ECONNRESET", "1", ECONNRESET, 1, 1, 1},
    {"poll", "poll", "interrupt", "6+6", EINTR, 6, kAll, 6},
    {"ppoll", "ppoll", "interrupt", "6+7", EINTR, 6, kAll, 7},
    {"epoll_wait", "epoll_wait", "interrupt", "8+", EINTR, 8, kAll, 1},
    {"nanosleep", "nanosleep", "interrupt", "1+13", EINTR, 1, kAll, 13},
    {"open", "open", "error=EMFILE", "20..25", EMFILE, 20, 25, 1},
    {"close", "close", "error=EIO", "41", EIO, 41, 40, 1},
    {"waitpid", "waitpid", "error=EINTR", "2", EINTR, 2, 2, 1},
};

INSTANTIATE_TEST_SUITE_P(Points, CountedCalls, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.call); });

TEST(CountedCallsTogether, AreAsManyAsTheExpressionSays) {
    EXPECT_EQ("calls 4000 hits 800\n",
              output_of({"together", "read", "1000", "4"}, injecting({"read:error=EIO:when=1+5"})));
    EXPECT_EQ("calls 4000 hits 100\n", output_of({"together", "sem_wait", "1000", "4"},
                                                 injecting({"sem_wait:interrupt:when=501..600"})));
}

TEST(CountedCallsTogether, OneThreadIsMeant) {
    EXPECT_EQ("calls 400 hits 100\n", output_of({"together", "read", "100", "4"},
                                                injecting({"read:error=EIO:thread=path=main/3"})));
    EXPECT_EQ("calls 400 hits 0\n", output_of({"together", "read", "100", "4"},
                                              injecting({"read:error=EIO:thread=main"})));
}

TEST(CountedCallsTogether, AProbabilityGivesTheSameCallsForTheSameSeed) {
    const auto run = [](const std::string& seed) {
        return output_of({"calls", "read", "200"},
                         injecting({"read:error=EIO:probability=25%:seed=" + seed}));
    };
    const std::string first = run("7");
    EXPECT_EQ(first, run("7"));
    EXPECT_NE(first, run("8"));
    EXPECT_NE(std::string::npos, first.find("hit "));
}

TEST(CountedCallsAcrossFork, AChildStartsAnew) {
    EXPECT_EQ("hit 2 5\ncalls 3 hits 1\nhit 2 5\ncalls 3 hits 1\n",
              output_of({"fork", "read", "3"}, injecting({"read:error=EIO:when=2"})));
    EXPECT_EQ("calls 3 hits 0\nhit 2 5\ncalls 3 hits 1\n",
              output_of({"fork", "read", "3"}, injecting({"read:error=EIO:when=2:child"})))
        << "the parent is not meant, and its calls are not counted";
}

TEST(BasicShim, KnowsThreadCreationAlone) {
    EXPECT_EQ("hit 2 11\ncalls 3 hits 1\n",
              output_of({"calls", "pthread_create", "3"},
                        injecting({"pthread_create:error=EAGAIN:when=2"}, THREADFAULT_BASIC_SHIM)));
    EXPECT_EQ("calls 3 hits 0\n",
              output_of({"calls", "ppoll", "3"},
                        injecting({"ppoll:error=EINTR"}, THREADFAULT_BASIC_SHIM)));
}

}  // namespace
}  // namespace threadfault::test
