// Locks that name their owner: while it lives, when it vanished, and when it went and kept the
// lock.
#include "lock_case.hpp"

#include <signal.h>

namespace threadfault::test {
namespace {

// What becomes of the lock of a dead thread.
enum class After {
    kept,       // it stays locked for ever
    passed_on,  // the kernel gives it to the next one
    aborts,     // so it does, and glibc then finds a dead owner's mark that it has no use for
};

struct LockKind {
    const char* symbol;  // the situation's argument as well
    const char* kind;
    After after = After::kept;
};

void PrintTo(const LockKind& kind, std::ostream* stream) {
    *stream << kind.symbol;
}

std::string test_name(const testing::TestParamInfo<LockKind>& info) {
    return info.param.symbol;
}

class Owned : public testing::TestWithParam<LockKind> {
protected:
    static void expect_wait(const SeenLock& lock, const Graph& graph) {
        EXPECT_EQ(lock.kind, GetParam().kind) << graph;
        EXPECT_EQ(lock.symbol, GetParam().symbol) << graph;
        EXPECT_EQ(lock.waiters, Names{"waiter"}) << graph;
        EXPECT_TRUE(graph.cycles.empty()) << graph;
    }
};

TEST_P(Owned, ByALivingThread) {
    Scene scene({"held", GetParam().symbol});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    expect_wait(*lock, graph);
    EXPECT_EQ(lock->owner, scene.tid("owner")) << graph;
    EXPECT_EQ(lock->owner_name, "owner") << graph;
    EXPECT_TRUE(lock->owner_alive) << graph;
    EXPECT_EQ(lock->fate, "") << graph;
    EXPECT_FALSE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{}) << graph;
}

TEST_P(Owned, ByOneThatVanished) {
    Scene scene({"held", GetParam().symbol}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    ASSERT_TRUE(scene.locks_with("waiter").awaited_by("waiter"));
    const pid_t owner = scene.tid("owner");
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    if (GetParam().after == After::aborts) {
        // 7: the abort came while the command still looked.
        ASSERT_TRUE(kill.exit_code == 0 || kill.exit_code == 7) << kill;
        const auto end = scene.process().wait();
        ASSERT_TRUE(end);
        EXPECT_EQ(end->signal, SIGABRT);
        return;
    }
    ASSERT_EQ(kill.exit_code, 0) << kill;
    if (GetParam().after == After::passed_on) {
        Graph graph;
        EXPECT_TRUE(eventually([&] {
            graph = scene.locks();
            return !graph.awaited_by("waiter");
        })) << graph;
        EXPECT_FALSE(graph.has_orphans()) << graph;
        return;
    }
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    expect_wait(*lock, graph);
    EXPECT_EQ(lock->owner, owner) << graph;
    EXPECT_EQ(lock->owner_name, "owner") << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->fate.starts_with("vanished ")) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{"waiter"}) << graph;
}

class Left : public Owned {};

// Nobody but the object itself knows of the owner.
TEST_P(Left, ByOneThatReturnedUnobserved) {
    Scene scene({"left", GetParam().symbol});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    expect_wait(*lock, graph);
    EXPECT_GT(lock->owner, 0) << graph;
    EXPECT_EQ(lock->owner_name, "") << graph;
    EXPECT_EQ(lock->fate, "") << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{"waiter"}) << graph;
}

const std::vector<LockKind> kKept = {
    {"normal_mutex", "mutex"},        {"adaptive_mutex", "mutex"}, {"recursive_mutex", "mutex"},
    {"errorcheck_mutex", "mutex"},    {"shared_mutex", "mutex"},   {"std_mutex", "mutex"},
    {"std_recursive_mutex", "mutex"}, {"c_mutex", "mutex"},        {"std_shared_mutex", "rwlock"},
    {"rwlock_r", "rwlock"},           {"rwlock_w", "rwlock"},
};

INSTANTIATE_TEST_SUITE_P(Kept, Owned, testing::ValuesIn(kKept), test_name);
INSTANTIATE_TEST_SUITE_P(Kept, Left, testing::ValuesIn(kKept), test_name);
INSTANTIATE_TEST_SUITE_P(GivenUp, Owned,
                         testing::Values(LockKind{"inherit_mutex", "mutex", After::aborts},
                                         LockKind{"robust_mutex", "mutex", After::passed_on}),
                         test_name);

// Whoever comes after the owner's death: nobody waits (EOWNERDEAD), or glibc puts it to sleep for
// ever on a word of its own, which tells nothing.
TEST(LeftAndGivenUp, IsNotCalledOrphaned) {
    for (const char* kind : {"inherit_mutex", "robust_mutex"}) {
        Scene scene(kind == std::string("robust_mutex") ? Names{"left-robust"}
                                                        : Names{"left", kind});
        ASSERT_TRUE(scene.stands()) << scene.process().errors();
        const Graph graph = scene.locks();
        EXPECT_FALSE(graph.has_orphans()) << graph;
        EXPECT_TRUE(graph.cycles.empty()) << graph;
    }
}

TEST(OwnedElsewhere, ByALivingProcess) {
    Scene scene({"other-process"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, "mutex") << graph;
    EXPECT_TRUE(lock->owner_alive) << graph;
    EXPECT_FALSE(lock->orphaned) << graph;
}

TEST(OwnedElsewhere, ByAKilledProcess) {
    Scene scene({"other-process", "killed"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{"waiter"}) << graph;
}

TEST(OwnedInAChain, ByALivingThread) {
    Scene scene({"chain"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("joiner");
    EXPECT_FALSE(graph.has_orphans()) << graph;
    EXPECT_TRUE(graph.cycles.empty()) << graph;
    for (const SeenLock& lock : graph.locks) {
        EXPECT_TRUE(lock.owner_alive) << graph;
        EXPECT_EQ(lock.stuck_behind, Names{}) << graph;
    }
}

TEST(OwnedInAChain, ByOneThatVanished) {
    Scene scene({"chain"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    Graph graph;
    EXPECT_TRUE(eventually([&] {
        graph = scene.locks();
        return graph.has_orphans() && graph.awaited_by("patient") && graph.awaited_by("joiner");
    })) << graph;
    // Orphans come first.
    ASSERT_EQ(graph.locks.size(), 3U) << graph;
    EXPECT_TRUE(graph.locks[0].orphaned) << graph;
    EXPECT_EQ(graph.locks[0].waiters, (Names{"next", "patient"})) << graph;
    // Whose wait has an end of its own isn't stuck.
    EXPECT_EQ(graph.locks[0].stuck_behind, (Names{"joiner", "next", "third"})) << graph;
    EXPECT_FALSE(graph.locks[1].orphaned) << graph;
    EXPECT_FALSE(graph.locks[2].orphaned) << graph;
}

TEST(OwnedByThePatient, ATimedWaiterIsNotStuck) {
    Scene scene({"late"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(lock->stuck_behind, Names{}) << graph;
}

TEST(OwnedAgain, TheSuccessorIsTheOwner) {
    Scene scene({"given-back"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->owner_name, "successor") << graph;
    EXPECT_FALSE(lock->orphaned) << graph;
}

}  // namespace
}  // namespace threadfault::test
