#include "harness/process_tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace threadfault::target {
namespace {

TEST(ProcessTree, ChildrenAndTheirChildren) {
    int pids[2];
    ASSERT_EQ(pipe(pids), 0);
    const pid_t child = fork();
    if (child == 0) {
        // A name that looks like the end of the field.
        prctl(PR_SET_NAME, ") R 1 (");
        pid_t grandchild = fork();
        if (grandchild != 0 && write(pids[1], &grandchild, sizeof grandchild) < 0) _exit(1);
        while (true)
            pause();
    }
    pid_t grandchild = 0;
    ASSERT_EQ(read(pids[0], &grandchild, sizeof grandchild),
              static_cast<ssize_t>(sizeof grandchild));
    const std::vector<ProcessEntry> found = descendants_of(getpid());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].pid, child);
    EXPECT_EQ(found[0].parent, getpid());
    EXPECT_EQ(found[0].group, getpgrp());
    EXPECT_EQ(found[1].pid, grandchild);
    EXPECT_EQ(found[1].parent, child);

    kill(grandchild, SIGKILL);
    kill(child, SIGKILL);
    // A zombie is none that lives.
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    EXPECT_EQ(read_process(child)->state, 'Z');
    EXPECT_TRUE(descendants_of(getpid()).empty());
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(read_process(child));
    close(pids[0]);
    close(pids[1]);
}

}  // namespace
}  // namespace threadfault::target
