// The target "counters", whose threads show from the outside who stands still.
#ifndef THREADFAULT_TESTS_INTEGRATION_COUNTERS_HPP
#define THREADFAULT_TESTS_INTEGRATION_COUNTERS_HPP

#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace threadfault::test {

enum Counter { kSpinner, kLocker, kSleeper };

class Faults : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready());
        ASSERT_TRUE(eventually([&] { return tid("reader") != 0 && tid("sleeper") != 0; }));
    }

    pid_t tid(const std::string& name) const { return task_named(target_.pid(), name).value_or(0); }

    std::array<unsigned long, 3> counts() {
        std::istringstream answer(target_.ask("counts"));
        std::string word;
        std::array<unsigned long, 3> result{};
        answer >> word >> result[0] >> result[1] >> result[2];
        return result;
    }

    bool goes_on(Counter counter) {
        const unsigned long before = counts()[counter];
        return eventually([&] { return counts()[counter] > before; });
    }

    // Long enough for the others to make many steps, `counter` makes none.
    bool stands_still(Counter counter) {
        const auto before = counts();
        const Counter other = counter == kSleeper ? kSpinner : kSleeper;
        const unsigned long enough = other == kSleeper ? 20 : 1'000'000;
        if (!eventually([&] { return counts()[other] > before[other] + enough; })) return false;
        return counts()[counter] == before[counter];
    }

    CliResult done(const std::string& command, const std::vector<std::string>& arguments) {
        CliResult result = target_.command(command, arguments);
        EXPECT_EQ(result.exit_code, 0) << result;
        EXPECT_EQ(result.text("outcome"), "done") << result;
        EXPECT_EQ(result.text("fault"), command) << result;
        return result;
    }

    std::vector<std::string> in_force(const std::string& name) {
        const CliResult listing = target_.command("ps");
        for (const auto& thread : listing.json.value("threads", nlohmann::json::array())) {
            if (thread["name"] == name) return thread["faults"];
        }
        return {"no such thread"};
    }

    // CPU time of a thread, seconds, from /proc.
    double cpu_seconds(pid_t thread) const {
        std::ifstream file("/proc/" + target_.pid_text() + "/task/" + std::to_string(thread) +
                           "/schedstat");
        double nanoseconds = 0;
        file >> nanoseconds;
        return nanoseconds * 1e-9;
    }

    Target target_{{TARGET_COUNTERS}};
};

using Names = std::vector<std::string>;

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_INTEGRATION_COUNTERS_HPP
