// The public interface where everything goes well, and its argument checks.
#include "worker.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace {

using threadfault::execute_on_thread;
using threadfault::ExecuteResult;
using threadfault::execute::sys_getpid;
using threadfault::execute::sys_gettid;

void store_tid(void* argument) {
    *static_cast<pid_t*>(argument) = sys_gettid();
}

// ---- thread_sigqueue ---------------------------------------------------------------------------

std::atomic<int> got_signals{0};
std::atomic<int> got_value{0};
std::atomic<int> got_code{0};
std::atomic<pid_t> got_sender{0};
std::atomic<pid_t> got_tid{0};

void note(int, siginfo_t* info, void*) {
    got_value = info->si_value.sival_int;
    got_code = info->si_code;
    got_sender = info->si_pid;
    got_tid = sys_gettid();
    ++got_signals;
}

TEST(ThreadSigqueue, DeliversTheValueToExactlyThatThread) {
    struct sigaction action {};
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    ASSERT_EQ(sigaction(SIGRTMIN + 1, &action, nullptr), 0);
    Worker bystander;
    Worker worker;
    sigval value{};
    value.sival_int = 4711;
    ASSERT_EQ(thread_sigqueue(worker.tid(), SIGRTMIN + 1, value), 0);
    ASSERT_TRUE(eventually([] { return got_signals == 1; }));
    EXPECT_EQ(got_value, 4711);
    EXPECT_EQ(got_code, SI_QUEUE);
    EXPECT_EQ(got_sender, sys_getpid());
    EXPECT_EQ(got_tid, worker.tid());
}

TEST(ThreadSigqueue, SaysWhyNot) {
    const sigval value{};
    errno = 77;
    EXPECT_EQ(thread_sigqueue(sys_gettid(), 65, value), EINVAL);
    EXPECT_EQ(thread_sigqueue(sys_gettid(), -1, value), EINVAL);
    EXPECT_EQ(thread_sigqueue(sys_gettid(), 32, value), EINVAL) << "glibc's own";
    EXPECT_EQ(thread_sigqueue(sys_gettid(), 33, value), EINVAL) << "glibc's own";
    EXPECT_EQ(thread_sigqueue(0, SIGRTMIN, value), ESRCH);
    EXPECT_EQ(thread_sigqueue(-1, SIGRTMIN, value), ESRCH);
    EXPECT_EQ(thread_sigqueue(1 << 22, SIGRTMIN, value), ESRCH);
    EXPECT_EQ(thread_sigqueue(getppid(), SIGRTMIN, value), ESRCH) << "another process's thread";
    EXPECT_EQ(errno, 77);
}

// ---- execute -----------------------------------------------------------------------------------

TEST(Execute, OnOneself) {
    pid_t tid = 0;
    EXPECT_EQ(tf_execute_on_tid(sys_gettid(), store_tid, &tid, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(tid, sys_gettid());
    tid = 0;
    EXPECT_EQ(tf_execute_on_pthread(pthread_self(), store_tid, &tid, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(tid, sys_gettid());
}

TEST(Execute, OnAnotherThread) {
    Worker bystander;
    Worker worker;
    pid_t tid = 0;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), store_tid, &tid, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(tid, worker.tid());
    tid = 0;
    EXPECT_EQ(tf_execute_on_pthread(worker.thread(), store_tid, &tid, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(tid, worker.tid());
}

TEST(Execute, OnAThreadThatOnlyComputes) {
    std::atomic<std::uint64_t> turns{0};
    Worker worker([&turns](Worker& self) {
        while (!self.stopped())
            ++turns;
    });
    pid_t tid = 0;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), store_tid, &tid, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(tid, worker.tid());
}

TEST(Execute, CapturesAreSeenAndGivenBack) {
    Worker worker;
    const auto shared = std::make_shared<int>(5);
    std::vector<int> numbers;
    pthread_t ran_on{};
    numbers.reserve(1);
    EXPECT_EQ(execute_on_thread(
                  worker.tid(),
                  [&numbers, &ran_on, shared] {
                      numbers.push_back(*shared);
                      ran_on = pthread_self();
                  },
                  kAmple),
              ExecuteResult::done);
    EXPECT_EQ(numbers, std::vector<int>{5});
    EXPECT_TRUE(pthread_equal(ran_on, worker.thread()));
    EXPECT_EQ(shared.use_count(), 1) << "the callable is destroyed";
    EXPECT_EQ(execute_on_thread(
                  worker.thread(), [shared] { ++*shared; }, kAmple),
              ExecuteResult::done);
    EXPECT_EQ(*shared, 6);
    EXPECT_EQ(shared.use_count(), 1);
    // "For ever", in nanoseconds, does not overflow.
    EXPECT_EQ(execute_on_thread(
                  worker.tid(), [] {}, std::chrono::nanoseconds::max()),
              ExecuteResult::done);
}

TEST(Execute, CapturesAreGivenBackWhenItCannotRun) {
    const auto shared = std::make_shared<int>(0);
    EXPECT_EQ(execute_on_thread(
                  pid_t{1 << 22}, [shared] {}, kAmple),
              ExecuteResult::no_thread);
    EXPECT_EQ(shared.use_count(), 1);
}

TEST(Execute, AThrowEndsInTerminate) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(execute_on_thread(
                    sys_gettid(), [] { throw 1; }, kAmple),
                ::testing::KilledBySignal(SIGABRT), "");
}

TEST(Execute, RejectsWhatIsMalformed) {
    pid_t tid = 0;
    const pid_t self = sys_gettid();
    const timespec negative{-1, 0};
    const timespec too_many_ns{0, 1'000'000'000};
    const timespec negative_ns{0, -1};
    const timespec huge{INT64_MAX, 999'999'999};
    EXPECT_EQ(tf_execute_on_tid(self, nullptr, nullptr, nullptr), TF_EXECUTE_INVALID);
    EXPECT_EQ(tf_execute_on_tid(self, store_tid, &tid, &negative), TF_EXECUTE_INVALID);
    EXPECT_EQ(tf_execute_on_tid(self, store_tid, &tid, &too_many_ns), TF_EXECUTE_INVALID);
    EXPECT_EQ(tf_execute_on_tid(self, store_tid, &tid, &negative_ns), TF_EXECUTE_INVALID);
    EXPECT_EQ(tid, 0);
    EXPECT_EQ(tf_execute_on_tid(self, store_tid, &tid, &huge), TF_EXECUTE_DONE) << "never";
    EXPECT_EQ(execute_on_thread(self, nullptr, kAmple), ExecuteResult::invalid);
    EXPECT_EQ(execute_on_thread(
                  self, [] {}, std::chrono::nanoseconds(-1)),
              ExecuteResult::invalid);
    EXPECT_EQ(execute_on_thread(pthread_self(), nullptr, kAmple), ExecuteResult::invalid);
}

TEST(Execute, EveryResultHasASentence) {
    for (int result = TF_EXECUTE_DONE; result <= TF_EXECUTE_INVALID; ++result) {
        const char* const text = tf_execute_result_text(result);
        ASSERT_NE(text, nullptr);
        EXPECT_EQ(text[std::strlen(text) - 1], '.');
        EXPECT_STRNE(text, tf_execute_result_text(-1));
    }
    EXPECT_STREQ(to_string(ExecuteResult::done), tf_execute_result_text(TF_EXECUTE_DONE));
    EXPECT_NE(tf_execute_result_text(99), nullptr);
}

TEST(Execute, ErrnoIsKeptOnBothSides) {
    std::atomic<int> worker_errno{0};
    std::atomic<bool> asked{false};
    Worker worker([&](Worker& self) {
        errno = 55;
        // No call that sets errno may come between: only look.
        while (!asked && !self.stopped()) {
        }
        worker_errno = errno;
    });
    const auto spoil = [](void*) { errno = 11; };
    errno = 66;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), spoil, nullptr, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(errno, 66);
    EXPECT_EQ(tf_execute_on_tid(sys_gettid(), spoil, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(tf_execute_on_tid(1 << 22, spoil, nullptr, nullptr), TF_EXECUTE_NO_THREAD);
    EXPECT_EQ(errno, 66);
    asked = true;
    ASSERT_TRUE(eventually([&] { return worker_errno != 0; }));
    EXPECT_EQ(worker_errno, 55);
}

// What the queue limit does: nothing is delivered, and the request is taken back.
TEST(Execute, QueueFull) {
    Worker worker;
    ASSERT_EQ(execute_on_thread(
                  worker.tid(), [] {}, kAmple),
              ExecuteResult::done);
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
    const sigval value{};
    EXPECT_EQ(thread_sigqueue(worker.tid(), SIGRTMIN + 3, value), EAGAIN);
    EXPECT_EQ(execute_on_thread(
                  worker.tid(), [] {}, kAmple),
              ExecuteResult::queue_full);
    ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &limit), 0);
    EXPECT_EQ(execute_on_thread(
                  worker.tid(), [] {}, kAmple),
              ExecuteResult::done);
    EXPECT_EQ(threadfault::execute::slots_in_use(), 0U);
}

}  // namespace
