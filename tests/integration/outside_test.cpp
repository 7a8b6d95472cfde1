// What is known of threads that no agent has met: those of a process that was not started under
// threadfault, and those that the C library made.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

// What a thread has told of itself.
struct Told {
    std::string name;
    std::string pthread;
    std::string start;  // its offset in the program; "0x0" main
};

// The "pair" lines up to "ready", by thread id.
std::map<pid_t, Told> read_pairs(Process& target) {
    std::map<pid_t, Told> pairs;
    while (true) {
        const auto line = target.read_line();
        EXPECT_TRUE(line) << target.errors();
        if (!line || *line == "ready") return pairs;
        std::istringstream words(*line);
        std::string word;
        Told told;
        pid_t tid = 0;
        words >> word >> told.name >> std::hex >> tid >> told.pthread >> told.start;
        told.pthread.insert(0, "0x");
        told.start.insert(0, "0x");
        pairs[tid] = told;
    }
}

TEST(OutsideThreads, HaveHandlesAndTheCallablesOfStdThreads) {
    Process target({TARGET_STD_THREADS});
    ASSERT_EQ(target.read_until("ready"), "ready") << target.errors();
    const CliResult result = run_cli({"ps", std::to_string(target.pid()), "--json"});
    ASSERT_EQ(result.exit_code, 0) << result;
    EXPECT_FALSE(result.json["agent"]) << result;
    std::set<std::string> handles;
    for (const auto& thread : result.json["threads"]) {
        ASSERT_TRUE(thread["pthread"].is_string()) << result;
        handles.insert(thread["pthread"]);
        if (thread["main"]) {
            EXPECT_TRUE(thread["start"].is_null()) << result;
        } else {
            EXPECT_EQ(thread["start"], "(anonymous namespace)::work(int)") << result;
        }
    }
    EXPECT_EQ(handles.size(), 4U) << "each has one of its own\n" << result;
}

TEST(OutsideThreads, AStaticProgramHasNone) {
    Process target({TARGET_STATIC, "stay"});
    ASSERT_EQ(target.read_until("ready"), "ready");
    const CliResult result = run_cli({"ps", std::to_string(target.pid()), "--json"});
    EXPECT_EQ(result.exit_code, 0) << result;
    for (const auto& thread : result.json["threads"])
        EXPECT_TRUE(thread["pthread"].is_null()) << result;
}

struct Pairs {
    const char* name;
    std::vector<std::string> command;
    bool churns;
};

class OutsidePairs : public testing::TestWithParam<Pairs> {
protected:
    // The routine as it must be shown.
    static std::string start_of(const Told& told) {
        if (told.start == "0x0") return {};
        const std::string program =
            std::filesystem::path(GetParam().command.front()).filename().string();
        if (program.ends_with("_stripped")) return program + "+" + told.start;
        const bool steady = told.name.starts_with("steady-");
        const std::string routine =
            steady ? std::string("steady<") + told.name.back() + ">" : told.name;
        return "(anonymous namespace)::" + routine + "(void*)";
    }
};

// A look that can't tell says nothing; a wrong answer there is none.
TEST_P(OutsidePairs, AreThoseThatTheThreadsTell) {
    Process target(GetParam().command);
    const std::map<pid_t, Told> pairs = read_pairs(target);
    ASSERT_GE(pairs.size(), 4U);
    std::set<std::string> taken;
    for (const auto& [tid, told] : pairs)
        taken.insert(told.pthread);
    std::set<pid_t> found;
    for (int look = 0; look < 20; ++look) {
        const CliResult result = run_cli({"ps", std::to_string(target.pid()), "--json"});
        ASSERT_EQ(result.exit_code, 0) << result;
        std::size_t listed = 0;
        for (const Json& thread : result.json["threads"]) {
            const auto pair = pairs.find(thread["tid"]);
            if (pair == pairs.end()) {
                EXPECT_FALSE(thread["pthread"].is_string() && taken.contains(thread["pthread"]))
                    << "somebody else's: " << thread;
                continue;
            }
            ++listed;
            if (thread["pthread"].is_null()) {
                EXPECT_TRUE(GetParam().churns) << "nothing changes here: " << thread;
                EXPECT_TRUE(thread["start"].is_null()) << thread;
                continue;
            }
            found.insert(pair->first);
            EXPECT_EQ(thread["pthread"], pair->second.pthread) << thread;
            const std::string start = start_of(pair->second);
            if (start.empty()) {
                EXPECT_TRUE(thread["start"].is_null()) << thread;
            } else {
                const std::string shown = thread["start"].is_string() ? thread["start"] : "";
                EXPECT_TRUE(shown.ends_with(start)) << thread << " is not " << start;
            }
        }
        EXPECT_EQ(listed, pairs.size()) << result;
    }
    EXPECT_EQ(found.size(), pairs.size()) << "each is found now and then";
}
INSTANTIATE_TEST_SUITE_P(
    Of, OutsidePairs,
    testing::Values(
        Pairs{"threads_at_rest", {TARGET_PAIRS}, false},
        Pairs{"a_stripped_program", {TARGET_PAIRS "_stripped"}, false},
        Pairs{"churning_threads", {TARGET_PAIRS, "churn"}, true},
        Pairs{"a_stripped_program_that_churns", {TARGET_PAIRS "_stripped", "churn"}, true}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(OutsideThreads, OfTheCLibraryAreListedBesideTheAgents) {
    Target target({TARGET_LIBC_MADE});
    const std::map<pid_t, Told> pairs = read_pairs(target.process());
    ASSERT_EQ(pairs.size(), 2U) << "the callbacks of a timer and of a queue";
    ASSERT_TRUE(target.ready());
    const CliResult result = target.command("ps");
    ASSERT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.json["agent"], true) << result;
    std::set<std::string> handles;
    std::set<std::string> starts;
    for (const Json& thread : result.json["threads"]) {
        ASSERT_TRUE(thread["pthread"].is_string()) << thread;
        handles.insert(thread["pthread"]);
        const auto pair = pairs.find(thread["tid"]);
        if (pair != pairs.end()) {
            EXPECT_EQ(thread["name"], pair->second.name) << thread;
            EXPECT_EQ(thread["pthread"], pair->second.pthread) << thread;
        }
        const bool met = thread["main"] == true || thread["name"] == "worker";
        // What only the agent can know stays open.
        for (const char* key : {"path", "index", "cancel"})
            EXPECT_EQ(thread[key].is_null(), !met) << key << ": " << thread;
        if (!met) {
            EXPECT_TRUE(thread["creator_tid"].is_null()) << thread;
            if (thread["start"].is_string()) starts.insert(thread["start"]);
        }
    }
    // main, worker, and of the timer and the queue two each; the agent's own is not shown.
    EXPECT_EQ(result.json["threads"].size(), 6U) << result;
    EXPECT_EQ(handles.size(), 6U) << "each has one of its own: " << result;
    EXPECT_EQ(tasks(target.pid()).size(), 7U);
    // libc's routines, and never the shim's or the program's.
    for (const std::string& start : starts)
        EXPECT_EQ(start.find("worker"), std::string::npos) << start;
    const CliResult locks = target.command("locks");
    EXPECT_EQ(locks.exit_code, 0) << locks;
    EXPECT_EQ(locks.json["locks"], Json::array()) << locks;
    EXPECT_EQ(locks.json["cycles"], Json::array()) << locks;
    const CliResult watch = target.command("watch", {"--for", "300ms"});
    EXPECT_EQ(watch.text("verdict"), "idle") << watch;
}

// A copy of the command in a directory of its own, away from the programs that it runs.
class CommandAlone : public testing::Test {
protected:
    void SetUp() override {
        directory_ =
            std::filesystem::path(testing::TempDir()) / ("alone" + std::to_string(getpid()));
        std::filesystem::create_directories(directory_ / "bin");
        std::filesystem::create_directories(directory_ / "libexec");
        std::filesystem::copy_file(command_path(), directory_ / "bin" / "threadfault");
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    void install_threads_program(const std::string& script) {
        const auto path = directory_ / "libexec" / "threadfault-threads";
        std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }

    Json run(const std::string& command, pid_t pid) {
        Process process(
            {directory_ / "bin" / "threadfault", "--json", command, std::to_string(pid)},
            {.environment = {{"THREADFAULT_LIBEXEC", directory_ / "libexec"}}});
        process.close_input();
        const auto exit = process.wait();
        EXPECT_TRUE(exit && exit->status() == 0) << process.errors();
        EXPECT_EQ(process.errors(), "");
        return Json::parse(process.output(), nullptr, false);
    }

    // All threads are there, and what the missing program would know is null.
    void expect_nulls(Process& target, const std::map<pid_t, Told>& pairs) {
        const Json list = run("ps", target.pid());
        ASSERT_TRUE(list.is_object());
        EXPECT_EQ(list["threads"].size(), pairs.size());
        for (const Json& thread : list["threads"]) {
            ASSERT_TRUE(pairs.contains(thread["tid"])) << thread;
            EXPECT_EQ(thread["name"], pairs.at(thread["tid"]).name);
            EXPECT_TRUE(thread["pthread"].is_null()) << thread;
            EXPECT_TRUE(thread["start"].is_null()) << thread;
        }
        EXPECT_TRUE(run("locks", target.pid()).contains("locks"));
    }

    std::filesystem::path directory_;
};

TEST_F(CommandAlone, LeavesNulls) {
    if (installed("threadfault")) GTEST_SKIP() << "another one is installed, with its programs";
    Process target({TARGET_PAIRS});
    const std::map<pid_t, Told> pairs = read_pairs(target);
    expect_nulls(target, pairs);
}

TEST_F(CommandAlone, IsNoWorseOffThanWithAProgramThatFails) {
    Process target({TARGET_PAIRS});
    const std::map<pid_t, Told> pairs = read_pairs(target);
    for (const char* script :
         {"exit 1", "kill -SEGV $$", "echo 'no thread at all'", "echo 1 0x2"}) {
        SCOPED_TRACE(script);
        install_threads_program(script);
        expect_nulls(target, pairs);
    }
}

}  // namespace
}  // namespace threadfault::test
