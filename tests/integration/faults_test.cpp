// Faults that are not death: the effect seen from the outside, and its undoing.
#include "counters.hpp"

#include <sys/resource.h>
#include <time.h>

#include <fstream>

namespace threadfault::test {
namespace {

TEST_F(Faults, AFrozenThreadStandsStillUntilThawed) {
    done("freeze", {"name=spinner"});
    EXPECT_TRUE(stands_still(kSpinner));
    EXPECT_TRUE(goes_on(kSleeper));
    EXPECT_EQ(in_force("spinner"), Names{"freeze"});
    done("thaw", {"name=spinner"});
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_EQ(in_force("spinner"), Names{});
}

TEST_F(Faults, FreezesInASystemCall) {
    done("freeze", {"name=sleeper"});
    EXPECT_TRUE(stands_still(kSleeper));
    done("thaw", {"name=sleeper"});
    EXPECT_TRUE(goes_on(kSleeper));
}

TEST_F(Faults, FreezesInALockWait) {
    target_.ask("lock", "lock taken");
    ASSERT_TRUE(eventually([&] {
        const CliResult listing = target_.command("ps");
        for (const auto& thread : listing.json["threads"]) {
            if (thread["name"] == "locker" && thread["waiting_on"].is_object()) {
                return thread["waiting_on"]["kind"] == "mutex";
            }
        }
        return false;
    }));
    done("freeze", {"name=locker"});
    target_.ask("unlock", "unlock done");
    EXPECT_TRUE(stands_still(kLocker));
    done("thaw", {"name=locker"});
    EXPECT_TRUE(goes_on(kLocker));
}

TEST_F(Faults, AFrozenThreadThawsByItself) {
    done("freeze", {"name=spinner", "--for", "300ms"});
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_TRUE(eventually([&] { return in_force("spinner").empty(); }));
}

TEST_F(Faults, ThawAllUndoesEverything) {
    done("freeze", {"name=spinner"});
    done("freeze", {"name=locker"});
    done("slow", {"name=sleeper", "--to", "50%"});
    done("demote", {"name=reader", "--nice", "5"});
    const CliResult thawed = target_.command("thaw", {"--all"});
    EXPECT_EQ(thawed.exit_code, 0) << thawed;
    EXPECT_EQ(thawed.json["results"].size(), 4U) << thawed;
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_TRUE(goes_on(kLocker));
    for (const char* name : {"spinner", "locker", "sleeper", "reader"})
        EXPECT_EQ(in_force(name), Names{}) << name;
}

TEST_F(Faults, AFrozenThreadCanBeEnded) {
    for (const char* how : {"exit", "vanish"}) {
        const char* const name = std::string(how) == "exit" ? "spinner" : "locker";
        done("freeze", {std::string("name=") + name});
        const CliResult killed =
            target_.command("kill", {std::string("name=") + name, "--how", how, "--wait", "20s"});
        EXPECT_EQ(killed.text("outcome"), "ended") << killed;
    }
    EXPECT_TRUE(goes_on(kSleeper));
}

TEST_F(Faults, ATargetWithFrozenThreadsExits) {
    done("freeze", {"name=spinner"});
    target_.process().write("quit\n");
    const auto exit = target_.process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0);
}

TEST_F(Faults, FreezesRepeatedlyAndThawsOnce) {
    for (int i = 0; i < 3; i++)
        done("freeze", {"name=spinner"});
    done("thaw", {"name=spinner"});
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_EQ(in_force("spinner"), Names{});
}

// Its own share of CPU time, from the kernel's account of that thread.
TEST_F(Faults, ASlowThreadGetsItsShare) {
    const pid_t thread = tid("spinner");
    done("slow", {"name=spinner", "--to", "10%"});
    EXPECT_EQ(in_force("spinner"), Names{"slow"});
    const auto share_of_two_seconds = [&] {
        const auto begin = Clock::now();
        const double before = cpu_seconds(thread);
        eventually([&] { return Clock::now() - begin >= std::chrono::seconds(2); });
        const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
        return (cpu_seconds(thread) - before) / wall;
    };
    // On a crowded machine it gets less than its share, never more.
    const double share = share_of_two_seconds();
    EXPECT_LE(share, 0.12);
    EXPECT_GT(share, 0);
    done("thaw", {"name=spinner"});
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_EQ(in_force("spinner"), Names{});
}

TEST_F(Faults, ADelayedThreadIsLateOnce) {
    done("delay", {"name=spinner", "400ms"});
    EXPECT_TRUE(goes_on(kSpinner));
    EXPECT_TRUE(eventually([&] { return in_force("spinner").empty(); }));
}

TEST_F(Faults, ASpinningThreadUsesItsCpuTime) {
    const pid_t thread = tid("reader");  // asleep for ever, but for this
    const double before = cpu_seconds(thread);
    done("spin", {"name=reader", "200ms"});
    EXPECT_TRUE(eventually([&] { return cpu_seconds(thread) - before >= 0.2; }));
    EXPECT_TRUE(eventually([&] { return in_force("reader").empty(); }));
    EXPECT_LE(cpu_seconds(thread) - before, 0.4);
}

TEST_F(Faults, AnInterruptedCallReturnsEintr) {
    const std::string before = target_.ask("eintr");
    done("interrupt", {"name=reader"});
    EXPECT_TRUE(eventually([&] { return target_.ask("eintr") != before; }));
}

TEST_F(Faults, ADemotedThreadIsPutBack) {
    const auto thread = static_cast<id_t>(tid("spinner"));
    const int before = getpriority(PRIO_PROCESS, thread);
    done("demote", {"name=spinner", "--nice", "7"});
    EXPECT_EQ(getpriority(PRIO_PROCESS, thread), 7);
    EXPECT_EQ(in_force("spinner"), Names{"demote"});
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(tid("sleeper"))), before);
    if (geteuid() != 0) GTEST_SKIP() << "only root may raise a priority again";
    done("thaw", {"name=spinner"});
    EXPECT_EQ(getpriority(PRIO_PROCESS, thread), before);
}

TEST_F(Faults, ADemotionToIdleEndsByItself) {
    const pid_t thread = tid("spinner");
    if (geteuid() != 0) GTEST_SKIP() << "only root may leave SCHED_IDLE for sure";
    done("demote", {"name=spinner", "--idle", "--cpus", "0", "--for", "200ms"});
    EXPECT_TRUE(eventually([&] { return sched_getscheduler(thread) == SCHED_OTHER; }));
    EXPECT_TRUE(eventually([&] { return in_force("spinner").empty(); }));
}

TEST_F(Faults, BadArgumentsChangeNothing) {
    const std::vector<std::vector<std::string>> wrong = {
        {"slow", "name=spinner", "--to", "0%"},
        {"slow", "name=spinner", "--to", "100%"},
        {"slow", "name=spinner"},
        {"freeze", "name=spinner", "--for", "0s"},
        {"freeze", "name=spinner", "--for", "x"},
        {"delay", "name=spinner"},
        {"demote", "name=spinner"},
        {"demote", "name=spinner", "--nice", "99"},
        {"demote", "name=spinner", "--cpus", "3-1"}};
    for (const auto& words : wrong) {
        const CliResult result =
            target_.command(words[0], std::vector<std::string>(words.begin() + 1, words.end()));
        EXPECT_EQ(result.exit_code, 2) << words[0] << result;
    }
    EXPECT_EQ(in_force("spinner"), Names{});
    EXPECT_TRUE(goes_on(kSpinner));
}

std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(nlohmann::json::parse(line, nullptr, false));
    return lines;
}

TEST_F(Faults, EventsTellOfLivesAndFaults) {
    Process follower(cli_command({"--json", "events", target_.pid_text()}));
    const auto has = [&](const std::string& event, const std::string& name) {
        for (const auto& line : lines_of(follower.output())) {
            if (line.is_object() && line["event"] == event && line["name"] == name) return true;
        }
        return false;
    };
    // Followed from some moment on: the first thread that is seen proves it.
    ASSERT_TRUE(eventually([&] {
        target_.ask("spawn", "spawn done");
        return has("ended", "short");
    }));
    done("interrupt", {"name=reader"});
    EXPECT_TRUE(eventually([&] { return has("fault", "reader"); })) << follower.output();
    target_.command("kill", {"name=spinner", "--how", "vanish", "--wait", "20s"});
    EXPECT_TRUE(eventually([&] {
        for (const auto& line : lines_of(follower.output())) {
            if (line.is_object() && line["event"] == "ended" && line["name"] == "spinner") {
                return line["how"] == "vanished";
            }
        }
        return false;
    })) << follower.output();
    EXPECT_TRUE(has("created", "counters") || has("named", "short")) << follower.output();
}

TEST_F(Faults, AStormEndsWithNothingInForce) {
    const std::string journal = testing::TempDir() + "storm-" + target_.pid_text() + ".jsonl";
    const CliResult storm = run_cli({"--json", "storm", target_.pid_text(), "--faults",
                                     "freeze=10s,slow=30%/10s,interrupt,delay=1ms", "--every",
                                     "5ms", "--for", "300ms", "--seed", "7", "--journal", journal});
    EXPECT_EQ(storm.exit_code, 0) << storm;
    EXPECT_GT(storm.json.value("faults", 0), 5) << storm;
    for (const char* name : {"spinner", "locker", "sleeper", "reader"})
        EXPECT_EQ(in_force(name), Names{}) << name;
    EXPECT_TRUE(goes_on(kSpinner));

    // The same faults on the same paths again.
    const auto steps = [](const std::string& path) {
        std::ifstream file(path);
        std::string text;
        for (std::string line; std::getline(file, line);) {
            const auto json = nlohmann::json::parse(line);
            if (json.contains("n")) text += json["fault"].dump() + json["path"].dump() + "\n";
        }
        return text;
    };
    const std::string again = journal + ".again";
    const CliResult replay =
        run_cli({"--json", "storm", target_.pid_text(), "--replay", journal, "--journal", again});
    EXPECT_EQ(replay.exit_code, 0) << replay;
    EXPECT_EQ(steps(journal), steps(again));
    std::remove(journal.c_str());
    std::remove(again.c_str());
}

}  // namespace
}  // namespace threadfault::test
