// The bad ends, told apart: not delivered, not started, started but not finished.
#include "worker.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

using threadfault::execute_on_thread;
using threadfault::ExecuteResult;
using threadfault::execute::slots_in_use;
using threadfault::execute::sys_call;
using threadfault::execute::sys_gettid;

std::atomic<int> runs{0};
void count(void*) {
    ++runs;
}

constexpr timespec kMoment{0, 100'000};
constexpr timespec kTenth{0, 100'000'000};

class Ends : public ::testing::Test {
protected:
    void SetUp() override { runs = 0; }
    void TearDown() override { EXPECT_EQ(slots_in_use(), 0U) << "a slot was lost"; }
};

// ---- not delivered -----------------------------------------------------------------------------

TEST_F(Ends, NoThread) {
    Worker worker;
    const pid_t tid = worker.tid();
    worker.join();
    ASSERT_TRUE(eventually([&] { return worker.has_ended(); }));
    EXPECT_EQ(tf_execute_on_tid(tid, count, nullptr, nullptr), TF_EXECUTE_NO_THREAD);
    EXPECT_EQ(tf_execute_on_tid(0, count, nullptr, nullptr), TF_EXECUTE_NO_THREAD);
    EXPECT_EQ(tf_execute_on_tid(-5, count, nullptr, nullptr), TF_EXECUTE_NO_THREAD);
    EXPECT_EQ(tf_execute_on_tid(getppid(), count, nullptr, nullptr), TF_EXECUTE_NO_THREAD);
    EXPECT_EQ(runs, 0);
}

TEST_F(Ends, NoThreadBehindAPthreadThatIsNotJoinedYet) {
    pthread_t thread{};
    ASSERT_EQ(pthread_create(
                  &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr),
              0);
    EXPECT_TRUE(eventually([&] {
        return tf_execute_on_pthread(thread, count, nullptr, nullptr) == TF_EXECUTE_NO_THREAD;
    }));
    pthread_join(thread, nullptr);
}

// ---- not started -------------------------------------------------------------------------------

TEST_F(Ends, DeafThreadIsTold) {
    DeafWorker worker;
    // Without limit: it is told, not timed out.
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_SIGNAL_BLOCKED);
    EXPECT_EQ(execute_on_thread(
                  worker.tid(), [] { ++runs; }, kAmple),
              ExecuteResult::signal_blocked);
    worker.hear();
    EXPECT_EQ(runs, 0) << "a request that was taken back ran";
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(runs, 1);
}

TEST_F(Ends, ThreadThatBlocksGlibcsSignalsTooIsTold) {
    DeafWorker worker(~0ULL);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_SIGNAL_BLOCKED);
    worker.hear();
    EXPECT_EQ(runs, 0);
}

TEST_F(Ends, DeafThreadThatComputesIsTold) {
    std::atomic<bool> deaf{false};
    Worker worker([&](Worker& self) {
        change_mask(SIG_BLOCK);
        deaf = true;
        while (!self.stopped()) {
        }
        change_mask(SIG_UNBLOCK);
    });
    ASSERT_TRUE(eventually([&] { return deaf.load(); }));
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_SIGNAL_BLOCKED);
    worker.join();
    EXPECT_EQ(runs, 0);
}

TEST_F(Ends, ShortTimeoutOnADeafThread) {
    DeafWorker worker;
    const auto shared = std::make_shared<int>(0);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kMoment),
                  TF_EXECUTE_NOT_STARTED);
        EXPECT_EQ(execute_on_thread(
                      worker.tid(), [shared] { ++runs; }, std::chrono::nanoseconds(0)),
                  ExecuteResult::not_started);
    }
    EXPECT_EQ(shared.use_count(), 1) << "revoked: the callable is free at once";
    worker.hear();
    EXPECT_EQ(runs, 0) << "a request that was taken back ran";
}

// A thread that is in the kernel and can't answer, though it blocks nothing: it has vforked.
TEST_F(Ends, TimeoutWhileTheThreadIsInTheKernel) {
    int gate[2];
    ASSERT_EQ(pipe(gate), 0);
    std::atomic<pid_t> child{0};
    std::atomic<bool> back{false};
    Worker worker([&](Worker&) {
        // The child has memory of its own: only the kernel's waiting of vfork is wanted.
        const long made = sys_call(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
        if (made == 0) {
            char byte = 0;
            sys_call(SYS_close, gate[1]);
            sys_call(SYS_read, gate[0], &byte, 1);
            sys_call(SYS_exit_group, 0);
        }
        child = static_cast<pid_t>(made);
        back = true;
    });
    const auto is_waiting = [&worker] {
        const std::string path = "/proc/self/task/" + std::to_string(worker.tid()) + "/stat";
        std::FILE* const file = std::fopen(path.c_str(), "re");
        char state = 0;
        const bool read = std::fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
        std::fclose(file);
        return read && state == 'D';
    };
    EXPECT_TRUE(eventually(is_waiting));
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kTenth), TF_EXECUTE_NOT_STARTED);
    EXPECT_FALSE(back);
    close(gate[0]);
    close(gate[1]);
    ASSERT_TRUE(eventually([&] { return back.load(); }));
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kAmpleTime), TF_EXECUTE_DONE);
    EXPECT_EQ(runs, 1) << "the one that was taken back ran as well";
    waitpid(child, nullptr, 0);
}

TEST_F(Ends, ThreadThatEndsBeforeItStarts) {
    std::atomic<bool> asked{false};
    std::atomic<bool> deaf{false};
    Worker worker([&](Worker&) {
        change_mask(SIG_BLOCK, ~0ULL);
        deaf = true;
        while (!asked)
            nap();
        pthread_exit(nullptr);
    });
    ASSERT_TRUE(eventually([&] { return deaf.load(); }));
    // The helper lets it end just after the request is out; on a slow machine, after it was found
    // deaf.
    Worker helper([&](Worker&) {
        eventually([] { return slots_in_use() != 0; });
        asked = true;
    });
    const int result = tf_execute_on_tid(worker.tid(), count, nullptr, nullptr);
    asked = true;
    EXPECT_TRUE(result == TF_EXECUTE_THREAD_ENDED || result == TF_EXECUTE_SIGNAL_BLOCKED)
        << tf_execute_result_text(result);
    worker.join();
    EXPECT_EQ(runs, 0);
}

// ---- started, not finished ---------------------------------------------------------------------

TEST_F(Ends, NotFinished) {
    static std::atomic<bool> let_go;
    let_go = false;
    const auto hold = [](void*) {
        while (!let_go)
            nap();
        ++runs;
    };
    Worker worker;
    int result = TF_EXECUTE_NOT_STARTED;
    // On a loaded machine it may not have started yet by then.
    while (result == TF_EXECUTE_NOT_STARTED)
        result = tf_execute_on_tid(worker.tid(), hold, nullptr, &kTenth);
    EXPECT_EQ(result, TF_EXECUTE_NOT_FINISHED);
    EXPECT_EQ(slots_in_use(), 1U);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kAmpleTime), TF_EXECUTE_DONE)
        << "a thread that is held stays reachable";
    EXPECT_EQ(runs, 1);
    let_go = true;
    EXPECT_TRUE(eventually([] { return runs == 2 && slots_in_use() == 0; }));
}

TEST_F(Ends, NotFinishedKeepsTheCallableAlive) {
    std::atomic<bool> let_go{false};
    auto shared = std::make_shared<std::atomic<int>>(0);
    const std::weak_ptr<std::atomic<int>> alive = shared;
    Worker worker;
    ExecuteResult result = ExecuteResult::not_started;
    while (result == ExecuteResult::not_started) {
        result = execute_on_thread(
            worker.tid(),
            [&let_go, shared] {
                while (!let_go)
                    nap();
                ++*shared;
                ++runs;
            },
            std::chrono::milliseconds(100));
    }
    EXPECT_EQ(result, ExecuteResult::not_finished);
    shared.reset();
    EXPECT_FALSE(alive.expired());
    let_go = true;
    EXPECT_TRUE(eventually([] { return runs == 1; }));
    // Later calls free it.
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(execute_on_thread(
                      sys_gettid(), [] {}, kAmple),
                  ExecuteResult::done);
        return alive.expired();
    }));
}

TEST_F(Ends, EndedInsideByPthreadExit) {
    if (kUnderTsan) GTEST_SKIP() << "its handler's frames can't be unwound";
    Worker worker;
    EXPECT_EQ(tf_execute_on_tid(
                  worker.tid(), [](void*) { pthread_exit(nullptr); }, nullptr, nullptr),
              TF_EXECUTE_ENDED_INSIDE);
    worker.join();
}

TEST_F(Ends, EndedInsideACallableRunsDestructors) {
    if (kUnderTsan) GTEST_SKIP() << "its handler's frames can't be unwound";
    struct Note {
        ~Note() { ++runs; }
    };
    const auto shared = std::make_shared<int>(0);
    Worker worker([](Worker& self) {
        const Note in_the_thread;
        self.sleep_until_stopped();
    });
    EXPECT_EQ(execute_on_thread(
                  worker.tid(),
                  [shared] {
                      const Note in_the_function;
                      pthread_exit(nullptr);
                  },
                  kAmple),
              ExecuteResult::ended_inside);
    worker.join();
    EXPECT_EQ(runs, 2);
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(execute_on_thread(
                      sys_gettid(), [] {}, kAmple),
                  ExecuteResult::done);
        return shared.use_count() == 1;
    }));
}

TEST_F(Ends, EndedInsideByTheBareSystemCall) {
    if (kUnderTsan) GTEST_SKIP() << "it waits for ever for a thread that ends past it";
    Worker worker;
    EXPECT_EQ(tf_execute_on_tid(
                  worker.tid(), [](void*) { sys_call(SYS_exit, 0); }, nullptr, nullptr),
              TF_EXECUTE_ENDED_INSIDE);
    worker.join();
}

// The requester itself is made to end while it waits: nothing of the call is left behind.
TEST_F(Ends, RequesterThatEndsWhileItWaits) {
    if (kUnderTsan) GTEST_SKIP() << "its handler's frames can't be unwound";
    static std::atomic<bool> let_go;
    let_go = false;
    const auto shared = std::make_shared<int>(0);
    Worker target;
    Worker requester([&](Worker&) {
        execute_on_thread(
            target.tid(),
            [shared] {
                ++runs;
                while (!let_go)
                    nap();
            },
            kAmple);
    });
    ASSERT_TRUE(eventually([] { return runs == 1; }));
    EXPECT_EQ(tf_execute_on_tid(
                  requester.tid(), [](void*) { pthread_exit(nullptr); }, nullptr, nullptr),
              TF_EXECUTE_ENDED_INSIDE);
    requester.join();
    EXPECT_GT(shared.use_count(), 1) << "the function still runs";
    let_go = true;
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(execute_on_thread(
                      sys_gettid(), [] {}, kAmple),
                  ExecuteResult::done);
        return shared.use_count() == 1;
    }));
}

// ---- the handler was taken away ----------------------------------------------------------------

TEST_F(Ends, NoSignalWhenTheProgramTookIt) {
    ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
    Worker worker;
    struct sigaction ours {};
    struct sigaction theirs {};
    theirs.sa_handler = SIG_DFL;  // a request now would kill the process
    ASSERT_EQ(sigaction(tf_execute_signal(), &theirs, &ours), 0);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_NO_SIGNAL);
    theirs.sa_handler = SIG_IGN;
    ASSERT_EQ(sigaction(tf_execute_signal(), &theirs, nullptr), 0);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_NO_SIGNAL);
    ASSERT_EQ(sigaction(tf_execute_signal(), &ours, nullptr), 0);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
}

}  // namespace
