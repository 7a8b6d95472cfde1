// Objects that know no owner, or whose owner's end is what is waited for: nobody is to blame.
#include "lock_case.hpp"

namespace threadfault::test {
namespace {

struct Wait {
    const char* situation;
    const char* kind;
    const char* symbol;  // "" not known
    Names waiters;
    const char* thread = "waiter";  // one of those
    const char* owner = "";         // "" nobody is known
};

void PrintTo(const Wait& wait, std::ostream* stream) {
    *stream << wait.situation;
}

class Ownerless : public testing::TestWithParam<Wait> {};

TEST_P(Ownerless, IsNamedAndNobodyIsBlamed) {
    const Wait& wait = GetParam();
    Scene scene({wait.situation});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    Graph graph;
    std::optional<SeenLock> lock;
    eventually([&] {
        graph = scene.locks();
        lock = graph.awaited_by(wait.thread);
        return lock && lock->waiters == wait.waiters;
    });
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, wait.kind) << graph;
    EXPECT_EQ(lock->symbol, wait.symbol) << graph;
    EXPECT_EQ(lock->waiters, wait.waiters) << graph;
    EXPECT_EQ(lock->owner_name, wait.owner) << graph;
    EXPECT_EQ(lock->owned, lock->owner_alive) << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
    EXPECT_TRUE(graph.cycles.empty()) << graph;
}

// Readers, too, are nowhere written down: dead ones can't be found.
TEST(OwnerUnknown, AWriterBehindADeadReaderIsNotCalledOrphaned) {
    Scene scene({"writer-behind-reader"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    const Graph graph = scene.locks_with("waiter");
    ASSERT_TRUE(graph.awaited_by("waiter")) << graph;
    EXPECT_FALSE(graph.awaited_by("waiter")->owned) << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
}

TEST(OwnerUnknown, WhoeverJoinsTheDeadGoesOn) {
    Scene scene({"join"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    Graph graph;
    EXPECT_TRUE(eventually([&] {
        graph = scene.locks();
        return !graph.awaited_by("waiter");
    })) << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
}

INSTANTIATE_TEST_SUITE_P(
    Waits, Ownerless,
    testing::Values(Wait{"cond", "cond", "a_cond", {"waiter"}},
                    Wait{"conds", "cond", "a_cond", {"second", "third", "waiter"}},
                    Wait{"cond-timed", "cond", "a_cond", {"waiter"}},
                    Wait{"sem", "sem", "a_sem", {"waiter"}},
                    Wait{"barrier", "barrier", "a_barrier", {"second", "waiter"}},
                    Wait{"latch", "futex", "a_latch", {"waiter"}},
                    Wait{"atomic", "futex", "an_atomic", {"waiter"}},
                    Wait{"join", "join", "", {"waiter"}, "waiter", "owner"},
                    Wait{"writer-behind-reader", "rwlock", "rwlock_w", {"waiter"}},
                    Wait{"reader-behind-writer-in-waiting",
                         "rwlock",
                         "fair_rwlock",
                         {"second", "waiter"},
                         "second"},
                    Wait{"std-reader-behind-writer",
                         "rwlock",
                         "std_shared_mutex",
                         {"waiter"},
                         "waiter",
                         "owner"}));

}  // namespace
}  // namespace threadfault::test
