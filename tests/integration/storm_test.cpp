// A storm can be had again: by its seed, and by its journal.
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace threadfault::test {
namespace {

// What happened to whom, in order: without times and thread ids, which no two runs share.
std::string story(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (json.is_object() && json.contains("n")) {
            text += json["fault"].dump() + " " + json["path"].dump() + " " +
                    json["outcome"].dump() + "\n";
        }
    }
    return text;
}

std::string storm(const std::vector<std::string>& options, const std::string& journal) {
    std::vector<std::string> command = {"--json", "storm", "--journal", journal};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--", TARGET_SIXTY_FOUR});
    const CliResult result = run_cli(command);
    EXPECT_EQ(result.exit_code, 0) << result;
    std::string told = story(journal);
    std::remove(journal.c_str());
    return told;
}

std::string journal_name() {
    return testing::TempDir() + "storm-" + std::to_string(getpid());
}

TEST(Storm, OneSeedMakesTenIdenticalJournals) {
    const std::string journal = journal_name();
    const std::vector<std::string> options = {
        "--seed",  "7",    "--faults", "freeze=2ms,delay=1ms,interrupt,kill=vanish,spin=100us",
        "--every", "10ms", "--for",    "200ms"};
    const std::string first = storm(options, journal);
    EXPECT_GT(std::count(first.begin(), first.end(), '\n'), 10) << first;
    for (int round = 1; round < 10; round++)
        ASSERT_EQ(storm(options, journal), first) << "round " << round;
    std::vector<std::string> other = options;
    other[1] = "8";
    EXPECT_NE(storm(other, journal), first);
}

// On a target that the storm has not seen before, and with another seed: the journal alone decides.
TEST(Storm, AJournalIsReplayedOnTheSamePathsInTheSameOrder) {
    const std::string recorded = journal_name() + ".recorded";
    std::string faults = "freeze=2ms,interrupt,kill=exit,kill=vanish,delay=1ms";
    if (geteuid() == 0) faults += ",demote=2ms,demote=5/1ms";  // which others may not undo
    const CliResult first =
        run_cli({"--json", "storm", "--journal", recorded, "--seed", "11", "--faults", faults,
                 "--every", "10ms±50%", "--for", "300ms", "--", TARGET_SIXTY_FOUR});
    ASSERT_EQ(first.exit_code, 0) << first;
    const std::string expected = story(recorded);
    EXPECT_GT(std::count(expected.begin(), expected.end(), '\n'), 10) << expected;
    EXPECT_EQ(expected.find("demote=") != std::string::npos, geteuid() == 0) << expected;
    EXPECT_EQ(storm({"--replay", recorded, "--seed", "12"}, journal_name()), expected);

    // Without its last lines it is another storm.
    std::ifstream whole(recorded);
    std::ofstream half(recorded + ".half");
    std::string line;
    for (int i = 0; i < 6 && std::getline(whole, line); i++)
        half << line << "\n";
    half.close();
    const std::string part = storm({"--replay", recorded + ".half"}, journal_name());
    EXPECT_EQ(std::count(part.begin(), part.end(), '\n'), 5) << part;
    EXPECT_EQ(expected.substr(0, part.size()), part);
    std::remove((recorded + ".half").c_str());
    std::remove(recorded.c_str());
}

TEST(Storm, CtrlCLetsGoWhatIsHeldAndTellsTheSummary) {
    Target target({TARGET_SIXTY_FOUR});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name();
    Process command(cli_command({"--json", "storm", target.pid_text(), "--faults", "freeze=1h",
                                 "--every", "5ms", "--for", "1h", "--journal", journal}));
    const auto held = [&] {
        const CliResult ps = target.command("ps");
        std::size_t count = 0;
        for (const auto& thread : ps.json.value("threads", nlohmann::json::array()))
            count += thread.value("faults", nlohmann::json::array()).empty() ? 0 : 1;
        return count;
    };
    ASSERT_TRUE(eventually([&] { return held() >= 3; }));
    command.send_signal(SIGINT);
    const auto exit = command.wait();
    ASSERT_TRUE(exit && exit->code == 0) << command.errors();
    const auto summary = nlohmann::json::parse(command.output(), nullptr, false);
    ASSERT_TRUE(summary.is_object()) << command.output();
    EXPECT_GE(summary.value("undone", 0), 3) << summary;
    EXPECT_EQ(held(), 0U);
    const std::string told = story(journal);
    EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), summary.value("faults", -1)) << told;
    std::remove(journal.c_str());
}

// The process of a thread that the journal names; 0: it names none yet.
pid_t target_of(const std::string& journal) {
    std::ifstream file(journal);
    for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        const int tid = json.is_object() ? json.value("tid", 0) : 0;
        if (tid == 0) continue;
        std::ifstream status("/proc/" + std::to_string(tid) + "/status");
        for (std::string field; std::getline(status, field);) {
            if (field.starts_with("Tgid:")) return std::stoi(field.substr(5));
        }
    }
    return 0;
}

// It can't clean up after itself then: the target's guardian does.
TEST(Storm, ItsOwnTargetEndsWithItWhenItIsKilled) {
    const std::string journal = journal_name();
    Process command(cli_command({"--json", "storm", "--faults", "interrupt", "--every", "5ms",
                                 "--for", "1h", "--journal", journal, "--", TARGET_SIXTY_FOUR}));
    pid_t target = 0;
    ASSERT_TRUE(eventually([&] { return (target = target_of(journal)) != 0; })) << command.errors();
    ASSERT_NE(target, command.pid());
    command.send_signal(SIGKILL);
    EXPECT_TRUE(eventually([&] { return kill(target, 0) != 0; })) << "process " << target;
    std::remove(journal.c_str());
}

TEST(Storm, AJournalWithoutFaultsIsReplayedAndAnEmptyFileIsNone) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name() + ".nothing";
    const std::string again = journal_name() + ".again";
    const std::vector<std::string> replay = {"--json", "storm",   target.pid_text(), "--replay",
                                             journal,  "--force", "--journal",       again};
    std::ofstream(journal) << R"({"storm":1})"
                           << "\n";
    const CliResult nothing = run_cli(replay);
    EXPECT_EQ(nothing.exit_code, 0) << nothing;
    EXPECT_EQ(nothing.json.value("faults", -1), 0) << nothing;
    std::ofstream(journal, std::ios::trunc).close();
    const CliResult empty = run_cli(replay);
    EXPECT_EQ(empty.exit_code, 2) << empty;
    EXPECT_NE(empty.err.find(":1: the file is empty"), std::string::npos) << empty;
    std::remove(journal.c_str());
    std::remove(again.c_str());
}

TEST(Storm, TheSummaryCountsAsPeopleDo) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name();
    const auto summary_of = [&](const std::string& threads, const std::string& duration) {
        const CliResult storm = run_cli({"storm", target.pid_text(), "--threads", threads,
                                         "--faults", "freeze=1h", "--every", "10ms", "--for",
                                         duration, "--seed", "7", "--force", "--journal", journal});
        EXPECT_EQ(storm.exit_code, 0) << storm;
        const std::size_t line = storm.out.rfind('\n', storm.out.size() - 2);
        return storm.out.substr(line + 1);
    };
    EXPECT_EQ(summary_of("name=sleeper", "10ms"),
              "1 fault, seed 7; 1 thread was released at the end; journal: " + journal + "\n");
    EXPECT_EQ(summary_of("name=sleeper", "1ms"),
              "0 faults, seed 7; 0 threads were released at the end; journal: " + journal + "\n");
    EXPECT_EQ(summary_of("name=s*", "100ms"),
              "10 faults, seed 7; 2 threads were released at the end; journal: " + journal + "\n");
    std::remove(journal.c_str());
}

// Its end is the process's own business: not even when nobody else is left is it chosen unasked.
TEST(Storm, TheMainThreadIsNoVictim) {
    Target target({TARGET_COUNTERS});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name();
    const CliResult many =
        run_cli({"--json", "storm", target.pid_text(), "--faults", "interrupt", "--every", "2ms",
                 "--for", "300ms", "--seed", "7", "--journal", journal});
    EXPECT_EQ(many.exit_code, 0) << many;
    const std::string interrupts = story(journal);
    EXPECT_EQ(std::count(interrupts.begin(), interrupts.end(), '\n'), 150) << interrupts;
    EXPECT_EQ(interrupts.find("\"main\""), std::string::npos) << interrupts;

    const CliResult deadly =
        run_cli({"--json", "storm", target.pid_text(), "--faults", "kill=vanish", "--every", "20ms",
                 "--for", "400ms", "--seed", "7", "--force", "--journal", journal});
    EXPECT_EQ(deadly.exit_code, 0) << deadly;
    EXPECT_EQ(deadly.json.value("/outcomes/kill=vanish/ended"_json_pointer, 0), 4) << deadly;
    EXPECT_EQ(deadly.json.value("/outcomes/kill=vanish/no-such-thread"_json_pointer, 0), 16)
        << deadly;
    EXPECT_EQ(story(journal).find("\"main\""), std::string::npos) << story(journal);
    EXPECT_NE(target.ask("counts"), "");
    std::remove(journal.c_str());
}

TEST(Storm, TheMainThreadIsTheVictimWhenItIsNamed) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name();
    Process command(
        cli_command({"--json", "storm", target.pid_text(), "--threads", "main", "--faults",
                     "freeze=1h", "--every", "5ms", "--for", "1h", "--journal", journal}));
    // In force on main alone, however many faults there have been.
    const auto steps = [&] {
        const std::string told = story(journal);
        return std::count(told.begin(), told.end(), '\n');
    };
    ASSERT_TRUE(eventually([&] { return steps() >= 5; })) << command.errors();
    const CliResult ps = target.command("ps");
    for (const auto& thread : ps.json.value("threads", nlohmann::json::array())) {
        EXPECT_EQ(thread.value("faults", nlohmann::json()).dump(),
                  thread.value("main", false) ? "[\"freeze\"]" : "[]")
            << thread;
    }
    command.send_signal(SIGINT);
    const auto exit = command.wait();
    ASSERT_TRUE(exit && exit->code == 0) << command.errors();
    std::istringstream told(story(journal));
    for (std::string line; std::getline(told, line);)
        EXPECT_TRUE(line.starts_with("\"freeze=1h\" \"main\" ")) << line;
    EXPECT_NE(target.ask("counts"), "") << "it goes on";
    std::remove(journal.c_str());
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

TEST(Storm, AJournalIsOverwrittenOnlyByForce) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name() + ".kept";
    std::vector<std::string> command = {
        "--json", "storm", target.pid_text(), "--faults", "interrupt", "--every", "10ms",
        "--for",  "50ms",  "--seed",          "7",        "--journal", journal};
    ASSERT_EQ(run_cli(command).exit_code, 0);
    const std::string recorded = first_line(journal);
    const CliResult refused = run_cli(command);
    EXPECT_EQ(refused.exit_code, 2) << refused;
    EXPECT_NE(refused.err.find("exists"), std::string::npos) << refused;
    EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused;

    // Nor the one that is replayed.
    const CliResult replayed =
        run_cli({"--json", "storm", target.pid_text(), "--replay", journal, "--journal", journal});
    EXPECT_EQ(replayed.exit_code, 2) << replayed;
    EXPECT_EQ(first_line(journal), recorded);
    EXPECT_NE(story(journal), "");

    command.insert(command.end(), {"--force", "--seed", "8"});
    command.erase(command.begin() + 9, command.begin() + 11);  // the other seed
    const CliResult forced = run_cli(command);
    EXPECT_EQ(forced.exit_code, 0) << forced;
    EXPECT_NE(first_line(journal), recorded);
    std::remove(journal.c_str());
}

TEST(Storm, AReplayIsOfTheRecordedStorm) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name() + ".first";
    const std::string again = journal_name() + ".second";
    std::ofstream(journal) << R"({"storm":1,"command":"server","seed":77,"threads":"name=s*",)"
                           << R"("faults":"interrupt","every":"10ms"})"
                           << "\n";
    const CliResult replay = run_cli({"--json", "storm", target.pid_text(), "--replay", journal,
                                      "--seed", "5", "--every", "1s", "--journal", again});
    EXPECT_EQ(replay.exit_code, 0) << replay;
    EXPECT_EQ(replay.json.value("seed", 0), 77) << replay;
    EXPECT_EQ(first_line(again), first_line(journal));
    std::remove(journal.c_str());
    std::remove(again.c_str());
}

TEST(Storm, AStoppedTargetIsToldAndDoesNotMakeItLonger) {
    Target target({TARGET_COUNTERS});
    ASSERT_TRUE(target.ready());
    const std::string journal = journal_name() + ".stopped";
    target.process().send_signal(SIGSTOP);
    const CliResult storm =
        run_cli({"--json", "storm", target.pid_text(), "--faults", "freeze=1ms,interrupt",
                 "--every", "100ms", "--for", "1s", "--journal", journal});
    target.process().send_signal(SIGCONT);
    EXPECT_EQ(storm.exit_code, 0) << storm;
    EXPECT_TRUE(storm.json.value("stopped", false)) << storm;
    // Each fault that the time allows: none of them waited for the target.
    EXPECT_EQ(storm.json.value("faults", 0), 10) << storm;
    std::ifstream file(journal);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        const auto step = nlohmann::json::parse(line);
        EXPECT_EQ(step.value("outcome", ""), "refused") << line;
        EXPECT_TRUE(step.value("reason", "").starts_with("target-stopped: ")) << line;
    }
    EXPECT_NE(target.ask("counts"), "") << "it goes on";
    std::remove(journal.c_str());
}

}  // namespace
}  // namespace threadfault::test
