// Who could end the wait is in another process: then nobody is dead without evidence, and nothing
// stuck.
#include "lock_case.hpp"
#include "support/proc.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace threadfault::test {
namespace {

// A shim is not needed, and would be in the way of nothing.
std::string verdict(const Scene& scene) {
    const CliResult result = scene.command("watch", {"--for", "300ms"});
    EXPECT_TRUE(result.json.is_object()) << result;
    return result.text("verdict");
}

struct Shared {
    const char* kind;  // the situation's argument
    const char* shown;
    bool owned;
};

void PrintTo(const Shared& shared, std::ostream* stream) {
    *stream << shared.kind;
}

class Elsewhere : public testing::TestWithParam<Shared> {};

TEST_P(Elsewhere, AnotherProcessMayEndTheWait) {
    Scene scene({"elsewhere", GetParam().kind});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const pid_t other = scene.pid();
    ASSERT_TRUE(scene.look_at_child());
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->kind, GetParam().shown) << graph;
    EXPECT_EQ(lock->others, std::vector<pid_t>{other}) << graph;
    EXPECT_EQ(lock->owned, GetParam().owned) << graph;
    if (lock->owned) {
        EXPECT_TRUE(lock->owner_alive) << graph;
        EXPECT_EQ(lock->owner, other) << graph;
        EXPECT_EQ(lock->owner_pid, other) << graph;
    }
    EXPECT_FALSE(graph.has_orphans()) << graph;
    EXPECT_EQ(verdict(scene), "idle");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Elsewhere,
    testing::Values(Shared{"mutex", "mutex", true}, Shared{"robust", "mutex", true},
                    Shared{"inherit", "mutex", true}, Shared{"rwlock", "rwlock", true},
                    Shared{"readers", "rwlock", false}, Shared{"cond", "cond", false},
                    Shared{"barrier", "barrier", false}, Shared{"sem", "sem", false},
                    Shared{"futex", "futex", false}),
    [](const auto& info) { return std::string(info.param.kind); });

TEST(ElsewhereAndAlone, SharedMemoryThatNobodyElseHas) {
    Scene scene({"alone", "nameless"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    EXPECT_EQ(verdict(scene), "stuck");
}

TEST(ElsewhereAndAlone, SharedMemoryThatSomebodyMayGet) {
    Scene scene({"alone", "named"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    EXPECT_EQ(verdict(scene), "unknown");
}

TEST(ElsewhereAndDead, AZombieIsDead) {
    Scene scene({"zombie-owner"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_EQ(verdict(scene), "stuck");
}

TEST(ElsewhereInTheSameMemory, AProcessThatSharesAllOfIt) {
    Scene scene({"sibling"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->others.size(), 1U) << graph;
    EXPECT_EQ(verdict(scene), "idle");
}

// Neither of them shows it alone.
TEST(ElsewhereInACircle, IsFoundWhereBothAreLookedAt) {
    Scene scene({"two-processes"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const pid_t parent = scene.pid();
    EXPECT_TRUE(scene.locks_with("lock_target").cycles.empty());
    EXPECT_EQ(verdict(scene), "idle");
    ASSERT_TRUE(scene.look_at_child());
    const pid_t child = scene.pid();
    CliResult result;
    EXPECT_TRUE(eventually([&] {
        result = run_cli({"--json", "locks", std::to_string(parent), std::to_string(child)});
        return result.exit_code == 0 && result.json.at("cycles").size() == 1;
    })) << result;
    EXPECT_EQ(result.json.at("cycles").at(0),
              (nlohmann::json{std::min(parent, child), std::max(parent, child)}))
        << result;
    EXPECT_EQ(result.json.at("processes").size(), 2U) << result;
    EXPECT_FALSE(result.json.contains("pid")) << result;
    for (const auto& lock : result.json.at("locks")) {
        EXPECT_EQ(lock.at("others"), nlohmann::json::array()) << result;
        EXPECT_EQ(lock.at("owner").at("pid"), lock.at("owner").at("tid")) << result;
        EXPECT_EQ(lock.at("waiting").at(0).at("pid"), lock.at("waiters").at(0)) << result;
    }
    const CliResult text = run_cli({"locks", std::to_string(parent), std::to_string(child)});
    EXPECT_NE(text.out.find("DEADLOCK of 2 threads"), std::string::npos) << text;
    const CliResult twice = run_cli({"locks", std::to_string(parent), std::to_string(parent)});
    EXPECT_EQ(twice.exit_code, 2) << twice;
}

class Heir : public testing::TestWithParam<const char*> {};

// The child's main thread has what the forking thread had.
TEST_P(Heir, HasTheLock) {
    Scene scene({"heir", GetParam()});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    ASSERT_TRUE(scene.look_at_child());
    if (GetParam() == std::string("grandchild")) {
        ASSERT_TRUE(scene.look_at_child());
    }
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_EQ(lock->owner, scene.pid()) << graph;
    EXPECT_TRUE(lock->owner_alive) << graph;
    EXPECT_NE(lock->note.find("inherited over fork()"), std::string::npos) << graph;
    EXPECT_EQ(lock->note_code, "owner_inherited") << graph;
    EXPECT_FALSE(graph.has_orphans()) << graph;
    EXPECT_EQ(verdict(scene), "idle");
}

INSTANTIATE_TEST_SUITE_P(Forks, Heir, testing::Values("main", "thread", "rwlock", "grandchild"),
                         [](const auto& info) { return std::string(info.param); });

TEST(HeirOfNobody, TheOwnerHasNoCopyInTheChild) {
    Scene scene({"heir", "another"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    ASSERT_TRUE(scene.look_at_child());
    const Graph graph = scene.locks_with("waiter");
    const auto lock = graph.awaited_by("waiter");
    ASSERT_TRUE(lock) << graph;
    EXPECT_FALSE(lock->owner_alive) << graph;
    EXPECT_TRUE(lock->orphaned) << graph;
    EXPECT_NE(lock->note.find("doesn't exist"), std::string::npos) << graph;
}

// As a container's: its processes and threads have other numbers inside, and are spoken of by ours.
TEST(PidNamespace, ItsThreadsHaveOurNumbers) {
    std::vector<std::string> words = {"unshare", "-Urpf", "--mount-proc"};
    for (const std::string& word : cli_command({"run", "--", CACHE_SERVER}))
        words.push_back(word);
    Process outer(words);
    const auto said = outer.read_until("computing");
    if (said != "computing") GTEST_SKIP() << "no namespaces here: " << outer.errors();
    const std::string task = std::to_string(outer.pid());
    pid_t target = 0;
    std::ifstream("/proc/" + task + "/task/" + task + "/children") >> target;
    ASSERT_GT(target, 0);
    const std::string pid = std::to_string(target);
    CliResult locks;
    const auto orphan = [&]() -> nlohmann::json {
        locks = run_cli({"--json", "locks", pid});
        for (const auto& lock : locks.json.value("locks", nlohmann::json::array())) {
            if (lock["waiters"].size() == 2 && lock["orphaned"] == true) return lock;
        }
        return nullptr;
    };
    std::optional<pid_t> worker;
    ASSERT_TRUE(eventually([&] { return (worker = task_named(target, "worker-1")).has_value(); }));
    CliResult killed;
    ASSERT_TRUE(eventually([&] {
        killed = run_cli({"--json", "kill", pid, "name=worker-1", "--how", "vanish"});
        return killed.exit_code == 0;
    })) << killed;
    EXPECT_EQ(killed.json["tid"], *worker) << killed;
    EXPECT_FALSE(task_exists(target, *worker));
    ASSERT_TRUE(eventually([&] { return orphan().is_object(); })) << locks;
    const nlohmann::json lock = orphan();
    // The number that a dead one had here is not known any more: only what it called itself.
    EXPECT_EQ(lock["owner"]["alive"], false) << locks;
    EXPECT_EQ(lock["owner"]["name"], "worker-1") << locks;
    for (const auto& waiter : lock["waiters"])
        EXPECT_TRUE(task_exists(target, waiter.is_object() ? waiter["tid"] : waiter)) << locks;
    EXPECT_EQ(run_cli({"--json", "watch", pid, "--for", "100ms"}).text("verdict"), "stuck");
    kill(target, SIGKILL);
}

}  // namespace
}  // namespace threadfault::test
