// A storm can be had again: by its seed, and by its journal.
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

TEST(Storm, OneSeedMakesTenIdenticalJournals) {
    const std::string journal = testing::TempDir() + "storm-" + std::to_string(getpid());
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

}  // namespace
}  // namespace threadfault::test
