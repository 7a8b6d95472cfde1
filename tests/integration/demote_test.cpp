// Demotions that end by themselves: only where the target may put back what was before.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace threadfault::test {
namespace {

constexpr uid_t kUnprivileged = 12345;

int nice_of(pid_t tid) {
    return getpriority(PRIO_PROCESS, static_cast<id_t>(tid));
}

// Of every thread that is not main: the policies that the kernel tells.
std::size_t idle_threads(pid_t pid) {
    std::size_t count = 0;
    for (pid_t tid : tasks(pid)) {
        if (sched_getscheduler(tid) == SCHED_IDLE) ++count;
    }
    return count;
}

std::size_t threads_of_nice(pid_t pid, int nice) {
    std::size_t count = 0;
    for (pid_t tid : tasks(pid)) {
        if (nice_of(tid) == nice) ++count;
    }
    return count;
}

SpawnOptions unprivileged() {
    SpawnOptions options;
    if (geteuid() == 0) options.uid = kUnprivileged;
    return options;
}

// A target that may lower priorities and not raise them.
class WithoutTheRight : public testing::Test {
protected:
    void SetUp() override {
        if (run_cli({"--version"}, unprivileged()).exit_code != 0)
            GTEST_SKIP() << "the build tree is not readable for others";
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        rlimit limit{};
        ASSERT_EQ(getrlimit(RLIMIT_NICE, &limit), 0);  // the target has inherited it
        if (limit.rlim_cur != 0) GTEST_SKIP() << "RLIMIT_NICE gives it the right";
        ASSERT_TRUE(target_.ready());
        ASSERT_TRUE(eventually([&] { return task_named(target_.pid(), "spinner").has_value(); }));
        spinner_ = task_named(target_.pid(), "spinner").value_or(0);
    }

    void expect_refused(const CliResult& result) {
        EXPECT_EQ(result.exit_code, 5) << result;
        EXPECT_EQ(result.json.value("/error/code"_json_pointer, ""), "not_permitted") << result;
        EXPECT_EQ(idle_threads(target_.pid()), 0U);
        EXPECT_EQ(threads_of_nice(target_.pid(), 7), 0U);
    }

    Target target_{{TARGET_COUNTERS}, unprivileged()};
    pid_t spinner_ = 0;
};

TEST(Demote, SaysWhichOptionsAreMissing) {
    const CliResult none = run_cli({"demote", std::to_string(getpid()), "main"});
    EXPECT_EQ(none.exit_code, 2) << none;
    EXPECT_NE(none.err.find("use --nice, --idle or --cpus"), std::string::npos) << none;
}

TEST_F(WithoutTheRight, AnEndlessDemotionIsDoneAndOneForAWhileIsRefused) {
    expect_refused(target_.command("demote", {"name=spinner", "--nice", "7", "--for", "10ms"}));
    expect_refused(target_.command("demote", {"name=spinner", "--idle", "--for", "10ms"}));
    // CPUs can always be given back.
    const CliResult bound =
        target_.command("demote", {"name=spinner", "--cpus", "0", "--for", "10ms"});
    EXPECT_EQ(bound.exit_code, 0) << bound;
    const CliResult endless = target_.command("demote", {"name=spinner", "--nice", "7"});
    EXPECT_EQ(endless.exit_code, 0) << endless;
    EXPECT_EQ(nice_of(spinner_), 7);
    // It can't be undone, which is told; it stays in force.
    const CliResult thawed = target_.command("thaw", {"name=spinner"});
    EXPECT_EQ(thawed.exit_code, 6) << thawed;
    EXPECT_TRUE(thawed.text("reason").starts_with("not-permitted: ")) << thawed;
    EXPECT_EQ(nice_of(spinner_), 7);
    // What changes nothing needs no undoing.
    const CliResult lower =
        target_.command("demote", {"name=spinner", "--nice", "7", "--for", "10ms"});
    EXPECT_EQ(lower.exit_code, 0) << lower;
}

TEST_F(WithoutTheRight, AStormIsRefusedBeforeItsFirstFault) {
    const std::string journal = testing::TempDir() + "demote-" + target_.pid_text();
    for (const char* faults : {"interrupt,demote=10ms", "interrupt,demote=7/10ms"}) {
        expect_refused(run_cli({"--json", "storm", target_.pid_text(), "--faults", faults,
                                "--every", "1ms", "--for", "1h", "--journal", journal}));
        std::ifstream file(journal);
        std::string header, step;
        std::getline(file, header);
        EXPECT_FALSE(std::getline(file, step)) << step;
        std::remove(journal.c_str());
    }
    // Its own journal's line, and a replay of it.
    std::ofstream(journal) << R"({"storm":1})"
                           << "\n"
                           << R"({"n":1,"at":0.001,"fault":"interrupt","path":"main/1"})"
                           << "\n"
                           << R"({"n":2,"at":0.002,"fault":"demote=10ms","path":"main/1"})"
                           << "\n";
    const std::string again = journal + ".again";
    expect_refused(
        run_cli({"--json", "storm", target_.pid_text(), "--replay", journal, "--journal", again}));
    std::remove(journal.c_str());
    std::remove(again.c_str());
}

TEST_F(WithoutTheRight, AResourceLimitGivesIt) {
    const rlimit limit{20, 20};
    if (prlimit(target_.pid(), RLIMIT_NICE, &limit, nullptr) != 0)
        GTEST_SKIP() << "needs CAP_SYS_RESOURCE, to raise another process's RLIMIT_NICE";
    for (const std::vector<std::string>& how :
         {std::vector<std::string>{"--nice", "7"}, {"--idle"}}) {
        std::vector<std::string> arguments = {"name=spinner", "--for", "50ms"};
        arguments.insert(arguments.end(), how.begin(), how.end());
        const CliResult done = target_.command("demote", arguments);
        EXPECT_EQ(done.exit_code, 0) << done;
        EXPECT_TRUE(eventually([&] {
            return nice_of(spinner_) == 0 && sched_getscheduler(spinner_) == SCHED_OTHER;
        })) << how.front();
    }
}

class StormOfDemotions : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs the right to raise priorities again";
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready());
        before_ = threads_of_nice(target_.pid(), nice_of(target_.pid()));
    }
    void TearDown() override { std::remove(journal_.c_str()); }

    std::vector<std::string> storm(const std::string& faults, const std::string& every) {
        return cli_command({"--json", "storm", target_.pid_text(), "--force", "--faults", faults,
                            "--every", every, "--for", "1h", "--seed", "7", "--journal", journal_});
    }
    bool nothing_is_demoted() {
        return idle_threads(target_.pid()) == 0 &&
               threads_of_nice(target_.pid(), nice_of(target_.pid())) == before_;
    }

    Target target_{{TARGET_COUNTERS}};
    std::string journal_ = testing::TempDir() + "demotions-" + target_.pid_text();
    std::size_t before_ = 0;
};

TEST_F(StormOfDemotions, EachEndsAfterItsTime) {
    Process command(storm("demote=500ms", "3s"));
    ASSERT_TRUE(eventually([&] { return idle_threads(target_.pid()) == 1; })) << command.errors();
    EXPECT_TRUE(eventually([&] { return nothing_is_demoted(); }));
    EXPECT_TRUE(command.running()) << command.errors();
}

TEST_F(StormOfDemotions, CtrlCEndsThemAll) {
    Process command(storm("demote=1h,demote=7/1h", "5ms"));
    ASSERT_TRUE(eventually([&] {
        return idle_threads(target_.pid()) > 0 && threads_of_nice(target_.pid(), 7) > 0;
    })) << command.errors();
    command.send_signal(SIGINT);
    const auto exit = command.wait();
    ASSERT_TRUE(exit && exit->code == 0) << command.errors();
    const auto summary = nlohmann::json::parse(command.output(), nullptr, false);
    ASSERT_TRUE(summary.is_object()) << command.output();
    EXPECT_GE(summary.value("undone", 0), 2) << summary;
    EXPECT_GE(summary.value("/outcomes/demote=1h/done"_json_pointer, 0), 1) << summary;
    EXPECT_TRUE(nothing_is_demoted());
}

// Needs nothing of the victim: libc's own threads, of which the agent has no record, too.
TEST(Demote, AThreadThatLibcMade) {
    Target target({TARGET_LIBC_MADE});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const std::optional<pid_t> callback = task_named(target.pid(), "of-timer");
    ASSERT_TRUE(callback);
    const int before = nice_of(*callback);
    const auto faults = [&] {
        const CliResult list = target.command("ps", {"name=of-timer"});
        return list.json["threads"].empty() ? nlohmann::json() : list.json["threads"][0]["faults"];
    };
    const CliResult demoted = target.command("demote", {"name=of-timer", "--nice", "19"});
    EXPECT_EQ(demoted.exit_code, 0) << demoted;
    EXPECT_EQ(nice_of(*callback), 19);
    EXPECT_EQ(faults(), nlohmann::json::array({"demote"}));
    if (geteuid() == 0) {
        const CliResult thawed = target.command("thaw", {"--all"});
        EXPECT_EQ(thawed.exit_code, 0) << thawed;
        EXPECT_EQ(nice_of(*callback), before);
        EXPECT_EQ(faults(), nlohmann::json::array());
        const CliResult again = target.command("thaw", {std::to_string(*callback)});
        EXPECT_EQ(again.text("reason").find("not-in-force"), 0U) << again;
    }
    // What runs on the victim needs its record.
    const CliResult frozen = target.command("freeze", {"name=of-timer"});
    EXPECT_EQ(frozen.exit_code, 6) << frozen;
    EXPECT_NE(frozen.text("reason").find("libc made this thread"), std::string::npos) << frozen;
}

}  // namespace
}  // namespace threadfault::test
