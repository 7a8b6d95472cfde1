// What is known of the threads of a process that was not started under threadfault.
#include "support/cli.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <set>

namespace threadfault::test {
namespace {

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

}  // namespace
}  // namespace threadfault::test
