// The process's own set-up: the choice of the signal, forked children. Each statement that needs a
// process without a session runs in one of its own.
#include "worker.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

using namespace threadfault::execute;

std::atomic<int> runs{0};
void count(void*) {
    ++runs;
}

// Runs `body` in a fresh copy of this program, up to here; it returns 0 when all is well.
#define EXPECT_FRESH_PROCESS(body) EXPECT_EXIT(_exit((body)()), ::testing::ExitedWithCode(0), "")

class Session : public ::testing::Test {
protected:
    void SetUp() override {
        ::testing::FLAGS_gtest_death_test_style = "threadsafe";
        runs = 0;
    }
};

int first_request() {
    if (tf_execute_signal() != 0) return 1;
    if (tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr) != TF_EXECUTE_DONE) return 2;
    return runs == 1 ? 0 : 3;
}

TEST_F(Session, TheLibraryChoosesAnUnusedSignal) {
    EXPECT_FRESH_PROCESS([] {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        sigaction(SIGRTMAX - 4, &action, nullptr);  // its first choice is taken
        if (const int failed = first_request()) return failed;
        const int chosen = tf_execute_signal();
        return chosen >= SIGRTMIN + 8 && chosen < SIGRTMAX - 4 ? 0 : 4;
    });
}

TEST_F(Session, TheProgramChooses) {
    EXPECT_FRESH_PROCESS([] {
        if (tf_execute_set_signal(SIGRTMIN + 1) != 0) return 1;
        if (tf_execute_signal() != SIGRTMIN + 1) return 2;
        if (tf_execute_set_signal(SIGRTMIN + 2) != EALREADY) return 3;
        if (tf_execute_set_signal(0) != EALREADY) return 4;
        return tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr) == 0 ? 0 : 5;
    });
}

TEST_F(Session, TheProgramMayNotChooseAnything) {
    EXPECT_FRESH_PROCESS([] {
        if (tf_execute_set_signal(SIGUSR1) != EINVAL) return 1;
        if (tf_execute_set_signal(32) != EINVAL || tf_execute_set_signal(33) != EINVAL) return 2;
        if (tf_execute_set_signal(65) != EINVAL || tf_execute_set_signal(-1) != EINVAL) return 3;
        struct sigaction action {};
        action.sa_handler = SIG_IGN;
        sigaction(SIGRTMIN + 5, &action, nullptr);
        if (tf_execute_set_signal(SIGRTMIN + 5) != EBUSY) return 4;
        if (tf_execute_signal() != 0) return 5;
        return tf_execute_set_signal(0) == 0 && tf_execute_signal() != 0 ? 0 : 6;
    });
}

TEST_F(Session, TheEnvironmentChooses) {
    EXPECT_FRESH_PROCESS([] {
        setenv("THREADFAULT_SIGNAL", "RTMIN+2", 1);
        if (const int failed = first_request()) return failed;
        return tf_execute_signal() == SIGRTMIN + 2 ? 0 : 4;
    });
    EXPECT_FRESH_PROCESS([] {
        setenv("THREADFAULT_SIGNAL", "nonsense", 1);
        return first_request();
    });
}

TEST_F(Session, NoneIsLeft) {
    EXPECT_FRESH_PROCESS([] {
        struct sigaction action {};
        action.sa_handler = SIG_IGN;
        for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
            sigaction(number, &action, nullptr);
        if (tf_execute_set_signal(0) != EBUSY) return 1;
        return tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr) == TF_EXECUTE_NO_SIGNAL ? 0
                                                                                                : 2;
    });
}

// ---- forked children ---------------------------------------------------------------------------

int exit_code_of(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(Session, ForkedChildWorksAfresh) {
    ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
    DeafWorker deaf;
    // A request of the parent's is outstanding during the fork.
    Ticket outstanding;
    ASSERT_EQ(post_plain(sys_getpid(), deaf.tid(), count, nullptr, &outstanding), Post::posted);
    const pid_t child = fork();
    if (child == 0) {
        runs = 0;
        if (tf_execute_on_tid(sys_gettid(), count, nullptr, &kAmpleTime) != 0) _exit(1);
        if (runs != 1) _exit(2);
        if (slots_in_use() != 0) _exit(3);
        if (look(outstanding) != Phase::stale) _exit(4);
        if (tf_execute_on_tid(getppid(), count, nullptr, nullptr) != TF_EXECUTE_NO_THREAD) _exit(5);
        if (!kUnderTsan) {  // which knows no threads in a child of a multi-threaded process
            Worker worker;
            if (tf_execute_on_tid(worker.tid(), count, nullptr, &kAmpleTime) != 0) _exit(6);
        }
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            _exit(tf_execute_on_tid(sys_gettid(), count, nullptr, &kAmpleTime));
        }
        _exit(exit_code_of(grandchild) == 0 ? 0 : 7);
    }
    EXPECT_EQ(exit_code_of(child), 0);
    EXPECT_TRUE(revoke(outstanding)) << "the child's fresh start is the child's alone";
    deaf.hear();
    EXPECT_EQ(runs, 1);
}

// The child goes on inside the handler of a request that is none of its own.
TEST_F(Session, ForkInsideAFunction) {
    static std::atomic<pid_t> child;
    static std::atomic<int> code;
    const auto body = [](void*) {
        const pid_t forked = fork();
        if (forked == 0) {
            int result = 1;
            if (tf_execute_on_tid(sys_gettid(), count, nullptr, &kAmpleTime) == 0) result = 0;
            _exit(result);
        }
        child = forked;
        code = exit_code_of(forked);
    };
    Worker worker;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), body, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_GT(child, 0);
    EXPECT_EQ(code, 0);
    EXPECT_EQ(slots_in_use(), 0U);
}

// As a fork leaves it that another thread's installation overlaps: the kernel copies the handlers,
// the handler is installed, the kernel copies the memory, which says so.
TEST_F(Session, ForkedChildInstallsWhatTheForkDidNotCopy) {
    ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
    const pid_t child = fork();
    if (child == 0) {
        runs = 0;
        KernelSigaction none{};
        sys_call(SYS_rt_sigaction, tf_execute_signal(), &none, nullptr, sizeof none.mask);
        const int outcome = tf_execute_on_tid(sys_gettid(), count, nullptr, &kAmpleTime);
        _exit(outcome == TF_EXECUTE_DONE && runs == 1 ? 0 : 10 + outcome);
    }
    EXPECT_EQ(exit_code_of(child), 0);
}

int fork_while_requests_run() {
    std::atomic<bool> stop{false};
    Worker target;
    // Its first request, and with it the installation, falls into the first forks.
    Worker requester([&](Worker&) {
        while (!stop)
            tf_execute_on_tid(target.tid(), count, nullptr, nullptr);
    });
    int failed = 0;
    for (int i = 0; i < 50 && failed == 0; ++i) {
        const pid_t child = fork();
        if (child == 0) _exit(tf_execute_on_tid(sys_gettid(), count, nullptr, &kAmpleTime));
        failed = exit_code_of(child);
    }
    stop = true;
    return failed;
}

TEST_F(Session, ForksWhileRequestsRun) {
    for (int i = 0; i < 5; ++i)
        EXPECT_FRESH_PROCESS(fork_while_requests_run);
}

}  // namespace
