// A storm can be had again: by its seed, and by its journal.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

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

// The story of a storm on a fresh target, all of whose threads run.
std::string storm(std::vector<std::string> options, const std::string& journal) {
    Target target({TARGET_SIXTY_FOUR});
    EXPECT_TRUE(target.process().read_until("ready"));
    EXPECT_TRUE(target.ready());
    options.insert(options.end(), {"--journal", journal});
    const CliResult result = target.command("storm", options);
    EXPECT_EQ(result.exit_code, 0) << result;
    return story(journal);
}

class Storm : public testing::Test {
protected:
    ~Storm() override {
        std::remove(journal_.c_str());
        std::remove(again_.c_str());
    }
    const std::string journal_ = testing::TempDir() + "storm-" + std::to_string(getpid());
    const std::string again_ = journal_ + "-again";
    std::vector<std::string> options_ = {
        "--seed",  "7",    "--faults", "freeze=2ms,delay=1ms,interrupt,kill=vanish,spin=100us",
        "--every", "10ms", "--for",    "200ms"};
};

TEST_F(Storm, OneSeedMakesTenIdenticalJournals) {
    const std::string first = storm(options_, journal_);
    EXPECT_GT(std::count(first.begin(), first.end(), '\n'), 10) << first;
    for (int round = 1; round < 10; round++)
        ASSERT_EQ(storm(options_, journal_), first) << "round " << round;
    options_[1] = "8";
    EXPECT_NE(storm(options_, journal_), first);
}

TEST_F(Storm, AJournalIsDoneAgain) {
    const std::string first = storm(options_, journal_);
    ASSERT_NE(first.find("vanish"), std::string::npos) << first;
    EXPECT_EQ(storm({"--replay", journal_}, again_), first);
}

TEST_F(Storm, AProgramOfItsOwnIsEndedWithIt) {
    const CliResult result =
        run_cli({"--json", "storm", "--journal", journal_, "--faults", "delay=1ms", "--every",
                 "5ms", "--for", "50ms", "--", TARGET_SIXTY_FOUR});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_GT(result.json["faults"], 0);
    EXPECT_EQ(result.json["outcomes"]["delay=1ms"]["done"], result.json["faults"]);
    EXPECT_TRUE(tasks(result.json["pid"]).empty());
}

}  // namespace
}  // namespace threadfault::test
