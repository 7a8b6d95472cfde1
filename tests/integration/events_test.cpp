// Several followers of one target's events, of which one can't keep up.
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <sstream>

namespace threadfault::test {
namespace {

constexpr int kThreads = 15'000;  // three times what the agent's ring holds of their events

using Counts = std::map<std::string, int>;

// What a follower printed: "created", "returned", "exited", and how many it was told are lost.
Counts counts_of(const Process& follower) {
    Counts counts;
    std::istringstream lines(follower.output());
    for (std::string line; std::getline(lines, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object()) continue;
        const std::string event = json.value("event", "");
        if (event == "lost") counts[event] += json.value("count", 0);
        if (event == "created") ++counts[event];
        if (event == "ended") ++counts[json.value("how", "")];
    }
    return counts;
}

int sum(const Counts& counts) {
    int sum = 0;
    for (const auto& [kind, count] : counts)
        sum += count;
    return sum;
}

TEST(Events, AFollowerThatIsTooSlowIsToldHowManyItMissed) {
    Target target({TARGET_BURST});
    // The first thread brings the agent up.
    EXPECT_EQ(target.ask("1", "done"), "done");
    ASSERT_TRUE(target.ready());
    const std::vector<std::string> command = {"--json", "events", target.pid_text()};
    Process quick(cli_command(command));
    Process stopped(cli_command(command));
    // Both follow when both tell of threads; what came before is no part of the count.
    ASSERT_TRUE(eventually([&] {
        target.ask("1", "done");
        return sum(counts_of(quick)) > 0 && sum(counts_of(stopped)) > 0;
    }));
    EXPECT_EQ(target.ask("1", "done"), "done");
    int quick_before = 0;
    int stopped_before = 0;
    ASSERT_TRUE(eventually([&] {
        // Each thread is two events.
        const int a = sum(counts_of(quick)), b = sum(counts_of(stopped));
        const bool still = a == quick_before && b == stopped_before && a % 2 == 0 && b % 2 == 0;
        quick_before = a;
        stopped_before = b;
        return still;
    }));

    stopped.send_signal(SIGSTOP);
    EXPECT_EQ(target.ask(std::to_string(kThreads), "done"), "done");
    stopped.send_signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return sum(counts_of(quick)) - quick_before == 2 * kThreads; }))
        << sum(counts_of(quick)) - quick_before;
    EXPECT_TRUE(eventually([&] {
        return sum(counts_of(stopped)) - stopped_before == 2 * kThreads;
    })) << sum(counts_of(stopped)) - stopped_before;
    const Counts told = counts_of(stopped);
    EXPECT_GT(told.at("lost"), 0);
    const Counts whole = counts_of(quick);
    if (!whole.contains("lost")) {
        EXPECT_GE(whole.at("returned"), kThreads / 2);
        EXPECT_GE(whole.at("exited"), kThreads / 2);
    }
}

}  // namespace
}  // namespace threadfault::test
