// Waits whose memory misleads: what is said of them.
#include "lock_case.hpp"

#include <gnu/libc-version.h>

#include <cstdlib>

namespace threadfault::test {
namespace {

// A small number in a lock of the program's own is nobody's thread id.
TEST(Misleading, AnOwnLockHasNoOwner) {
    Scene scene({"own-lock"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, "futex") << graph;
    EXPECT_FALSE(lock->owned) << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
}

TEST(Misleading, AConditionAfterTimeouts) {
    Scene scene({"cond-after-timeouts"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("worker");
    const auto lock = graph.awaited_by("worker");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, "cond") << graph;
    EXPECT_EQ(lock->symbol, "worker_cond") << graph;
}

TEST(Misleading, AConditionAfterSignals) {
    Scene scene({"cond-after-signals"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    Graph graph;
    EXPECT_TRUE(eventually([&] {
        graph = scene.locks();
        return graph.locks.size() == 1 && graph.locks[0].waiters.size() == 4;
    })) << graph;
    ASSERT_FALSE(graph.locks.empty());
    EXPECT_EQ(graph.locks[0].kind, "cond") << graph;
    EXPECT_EQ(graph.locks[0].symbol, "worker_cond") << graph;
}

// The waiter that vanished is in no one's list but libc's.
class DeadWaiter : public testing::TestWithParam<const char*> {};

TEST_P(DeadWaiter, IsNamed) {
    const std::string call = GetParam();
    // Since then a call that wakes waits for nobody.
    constexpr int kWakesWithoutWaiting = 41;
    if (call == "pthread_cond_broadcast" &&
        std::atoi(gnu_get_libc_version() + 2) >= kWakesWithoutWaiting) {
        GTEST_SKIP() << "glibc " << gnu_get_libc_version();
    }
    Scene scene({"cond-after-death", call}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=victim", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    scene.process().write("go\n");
    ASSERT_EQ(scene.process().read_until("called"), "called");
    const Graph graph = scene.locks_with("caller");
    const auto lock = graph.awaited_by("caller");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, "cond") << graph;
    EXPECT_EQ(lock->symbol, "worker_cond") << graph;
    EXPECT_TRUE(lock->dead_waiter) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->owner_name, "victim") << graph;
    EXPECT_TRUE(lock->fate.starts_with("vanished ")) << graph;
    const CliResult watch = scene.command("watch", {"--for", "300ms"});
    EXPECT_EQ(watch.text("verdict"), "stuck") << watch;
    EXPECT_NE(watch.out.find(call + " waits in cond worker_cond for its waiter"), std::string::npos)
        << watch;
}

INSTANTIATE_TEST_SUITE_P(Calls, DeadWaiter,
                         testing::Values("pthread_cond_broadcast", "pthread_cond_destroy"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Misleading, ACircleOfInheritingMutexes) {
    Scene scene({"inheriting-circle"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("member-1");
    EXPECT_EQ(graph.cycles, (std::vector<Names>{{"member-0", "member-1"}})) << graph;
    ASSERT_EQ(graph.locks.size(), 2U) << graph;
    for (const SeenLock& lock : graph.locks) {
        EXPECT_EQ(lock.kind, "mutex") << graph;
        EXPECT_TRUE(lock.symbol == "first_mutex" || lock.symbol == "second_mutex") << graph;
        EXPECT_TRUE(lock.owner_alive) << graph;
    }
}

TEST(Misleading, AStreamsLockHasAnOwner) {
    Scene scene({"full-pipe"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("logger-2");
    const auto lock = graph.awaited_by("logger-2");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, "mutex") << graph;
    EXPECT_EQ(lock->symbol, "stdout") << graph;
    EXPECT_EQ(lock->owner_name, "logger-1") << graph;
    EXPECT_FALSE(lock->orphaned) << graph;
}

TEST(Misleading, AStreamsLockIsOrphanedByTheDead) {
    Scene scene({"full-pipe"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=logger-1", "--how", "vanish", "--anywhere", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    const Graph graph = scene.locks_with("logger-2");
    const auto lock = graph.awaited_by("logger-2");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->symbol, "stdout") << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{"logger-2"}) << graph;
    // The lock has the pthread_t alone; the agent remembers whose that was.
    EXPECT_EQ(lock->owner_name, "logger-1") << graph;
    EXPECT_TRUE(lock->fate.starts_with("vanished ")) << graph;
}

}  // namespace
}  // namespace threadfault::test
