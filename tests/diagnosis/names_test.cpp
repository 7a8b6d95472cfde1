// `locks` names what a lock is a member of, and where that is declared.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

// The line of the server's source that has these words.
int line_of(const std::string& words) {
    std::ifstream file(CACHE_SERVER_SOURCE);
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.find(words) != std::string::npos) return number;
    }
    return 0;
}

// The one lock that two workers wait for, once they do.
Json awaited_lock(Target& target, CliResult* last) {
    Json found;
    EXPECT_TRUE(eventually([&] {
        *last = target.command("locks");
        if (!last->json.is_object()) return false;
        for (const Json& lock : last->json["locks"]) {
            if (lock["waiters"].size() == 2 && lock["kind"] == "mutex") found = lock;
        }
        return found.is_object();
    })) << *last;
    return found;
}

TEST(LockNames, AMemberOfAGlobalAfterItsOwnerVanished) {
    Target target({CACHE_SERVER});
    ASSERT_EQ(target.process().read_until("computing"), "computing");
    ASSERT_TRUE(target.ready());
    CliResult last;
    ASSERT_TRUE(awaited_lock(target, &last).is_object());
    const CliResult killed = target.command("kill", {"name=worker-1", "--how", "vanish"});
    ASSERT_EQ(killed.exit_code, 0) << killed;
    const Json lock = awaited_lock(target, &last);
    ASSERT_TRUE(lock.is_object()) << last;
    EXPECT_EQ(lock["symbol"], "cache.mutex") << last;
    EXPECT_EQ(lock["declared"], "cache_server.cpp:" + std::to_string(line_of("Cache cache;")));
    EXPECT_EQ(lock["orphaned"], true) << last;
    const CliResult text = run_cli({"locks", target.pid_text()});
    EXPECT_NE(text.out.find("\nmutex cache.mutex ("), std::string::npos) << text;
    EXPECT_NE(text.out.find(", declared at cache_server.cpp:"), std::string::npos) << text;
}

bool says(const CliResult& result, const std::string& words) {
    return result.out.find(words) != std::string::npos;
}

// One name for it, whatever command speaks of it.
TEST(LockNames, AreTheSameInEveryCommand) {
    Target target({CACHE_SERVER});
    ASSERT_EQ(target.process().read_until("computing"), "computing");
    ASSERT_TRUE(target.ready());
    CliResult last;
    ASSERT_TRUE(awaited_lock(target, &last).is_object());
    const std::string pid = target.pid_text();
    const CliResult ps = run_cli({"ps", pid});
    EXPECT_TRUE(says(ps, "  cache.mutex\n")) << "in the column of what is held: " << ps;
    EXPECT_TRUE(says(ps, "mutex cache.mutex, held by")) << ps;
    const CliResult stack = run_cli({"stack", pid, "holding=cache.mutex"});
    EXPECT_TRUE(says(stack, " worker-1 ") && says(stack, "holds mutex cache.mutex: 2 threads"))
        << stack;
    const CliResult forecast =
        run_cli({"kill", pid, "holding=cache.mutex", "--how", "vanish", "--dry-run"});
    EXPECT_TRUE(says(forecast, "it holds mutex cache.mutex, and 2 threads")) << forecast;
    const CliResult killed = run_cli({"kill", pid, "holding=cache.mutex", "--how", "vanish"});
    ASSERT_EQ(killed.exit_code, 0) << killed;
    const CliResult watch = run_cli({"watch", pid, "--for", "100ms"});
    EXPECT_TRUE(says(watch, "mutex cache.mutex is orphaned")) << watch;
}

TEST(LockNames, AMemberOfAnArraysElement) {
    Target target({CACHE_SERVER, "shards"});
    ASSERT_EQ(target.process().read_until("computing"), "computing");
    ASSERT_TRUE(target.ready());
    CliResult last;
    const Json lock = awaited_lock(target, &last);
    ASSERT_TRUE(lock.is_object()) << last;
    EXPECT_EQ(lock["symbol"], "(anonymous namespace)::shards[2].lock") << last;
    EXPECT_EQ(lock["declared"], "cache_server.cpp:" + std::to_string(line_of("Shard shards[4];")));
    // As it was printed, though its brackets are those of a glob.
    const CliResult stack =
        run_cli({"stack", target.pid_text(), "holding=" + lock["symbol"].get<std::string>()});
    EXPECT_TRUE(says(stack, " count-1 ")) << stack;
}

// A std::thread that unwinds deletes what its routine was to be told from: libstdc++'s own, which
// is left, is every thread's.
TEST(LockNames, ADeadStdThreadIsNotCalledByLibstdcxx) {
    Target target({CACHE_SERVER, "shards"});
    ASSERT_EQ(target.process().read_until("computing"), "computing");
    ASSERT_TRUE(target.ready());
    CliResult last;
    ASSERT_TRUE(awaited_lock(target, &last).is_object());
    const CliResult killed =
        target.command("kill", {"name=count-1", "--how", "exit", "--wait", "20s"});
    ASSERT_EQ(killed.exit_code, 0) << killed;
    const Json lock = awaited_lock(target, &last);
    ASSERT_TRUE(lock.is_object()) << last;
    const std::string fate = lock["owner"]["fate"];
    EXPECT_EQ(fate.find("libstdc++"), std::string::npos) << fate;
    EXPECT_NE(fate.find(" ago (main/1)"), std::string::npos) << fate;
}

// Its address is that of the whole variable.
TEST(LockNames, AFirstMemberIsNotTheWhole) {
    Target target({CACHE_SERVER, "counter"});
    ASSERT_EQ(target.process().read_until("computing"), "computing");
    ASSERT_TRUE(target.ready());
    CliResult last;
    const Json lock = awaited_lock(target, &last);
    ASSERT_TRUE(lock.is_object()) << last;
    EXPECT_EQ(lock["symbol"], "(anonymous namespace)::counter.lock") << last;
    const CliResult ps = run_cli({"ps", target.pid_text()});
    EXPECT_TRUE(says(ps, "mutex (anonymous namespace)::counter.lock, held by")) << ps;
    EXPECT_TRUE(says(ps, "  (anonymous namespace)::counter.lock\n")) << ps;
}

// A directory with a `dot` of our own making, to be put before all others.
class Graphviz : public testing::Test {
protected:
    void SetUp() override {
        directory_ = std::filesystem::path(testing::TempDir()) / ("dot" + std::to_string(getpid()));
        std::filesystem::create_directories(directory_);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    void write_dot(const std::string& script) {
        std::ofstream(directory_ / "dot") << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(directory_ / "dot", std::filesystem::perms::owner_all);
    }
    CliResult draw() {
        return run_cli({"locks", std::to_string(getpid()), "--svg"},
                       {.environment = {{"PATH", directory_.string()}}});
    }
    std::filesystem::path directory_;
};

TEST_F(Graphviz, ThatIsMissingIsTold) {
    const CliResult result = draw();
    EXPECT_EQ(result.exit_code, 2) << result;
    EXPECT_NE(result.err.find("install graphviz"), std::string::npos) << result;
}

TEST_F(Graphviz, ThatDiesEarlyIsTold) {
    // Closed before anything is read, and only then does it end.
    write_dot("exec 0<&-; exit 3");
    const CliResult result = draw();
    EXPECT_EQ(result.exit_code, 2) << result;
    EXPECT_NE(result.err.find("dot could not draw the graph"), std::string::npos) << result;
}

TEST_F(Graphviz, ThatWorksWritesToStandardOutput) {
    write_dot("while read -r line; do echo \"<$line>\"; done");
    const CliResult result = draw();
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.out.rfind("<digraph locks {>", 0), 0U) << result;
}

}  // namespace
}  // namespace threadfault::test
