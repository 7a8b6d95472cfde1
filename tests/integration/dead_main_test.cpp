// A main thread that has ended while others live on is shown, and named where it is asked for; the
// process is none that has ended.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {
namespace {

using Arguments = std::vector<std::string>;

class DeadMain : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready()) << target_.process().errors();
        ASSERT_TRUE(eventually([&] { return task_state(target_.pid(), target_.pid()) == 'Z'; }));
    }
    void expect_named(const std::string& command, const Arguments& arguments) {
        const CliResult result = target_.command(command, arguments);
        EXPECT_EQ(result.exit_code, 3) << result;
        EXPECT_NE(result.err.find("the main thread (" + target_.pid_text()), std::string::npos)
            << command << result;
        EXPECT_NE(result.err.find("has ended: exited"), std::string::npos) << command << result;
    }

    Target target_{{TARGET_JOINER, "last"}};
};

TEST_F(DeadMain, IsListedAsDead) {
    const CliResult result = target_.command("ps");
    ASSERT_EQ(result.exit_code, 0) << result;
    const nlohmann::json& threads = result.json["threads"];
    ASSERT_EQ(threads.size(), 2U) << result;
    EXPECT_EQ(threads[0]["tid"], target_.pid());
    EXPECT_EQ(threads[0]["main"], true);
    EXPECT_EQ(threads[0]["state"], "Z");
    EXPECT_EQ(threads[0]["path"], "main");
    EXPECT_EQ(threads[1]["name"], "worker");
    const CliResult text = run_cli({"ps", target_.pid_text()});
    EXPECT_NE(text.out.find(", 1 thread; the main thread has ended"), std::string::npos) << text;
    EXPECT_NE(text.out.find("ended: exited"), std::string::npos) << text;
}

TEST_F(DeadMain, IsNamedBySelectors) {
    const Arguments selectors = {"main", "path=main", "nth=0", "state=Z", target_.pid_text()};
    for (const std::string& selector : selectors) {
        SCOPED_TRACE(selector);
        expect_named("kill", {selector});
        expect_named("kill", {selector, "--dry-run"});
        expect_named("freeze", {selector});
        expect_named("stack", {selector});
    }
    expect_named("signal", {"main", "USR1"});
    // It is one of all of that name, and is left out.
    EXPECT_EQ(target_.command("freeze", {"name=*", "--all"}).exit_code, 0);
    EXPECT_EQ(target_.command("thaw", {"name=worker"}).exit_code, 0);
}

TEST_F(DeadMain, IsNoDeadProcess) {
    for (const char* const command : {"ps", "locks", "watch", "stack", "doctor"}) {
        Arguments arguments;
        if (std::string(command) == "watch") arguments = {"--for", "100ms"};
        const CliResult result = target_.command(command, arguments);
        EXPECT_EQ(result.exit_code, 0) << command << result;
    }
    EXPECT_NE(run_cli({"ps"}).out.find(target_.pid_text()), std::string::npos);
    EXPECT_EQ(
        run_cli({"ps", "--command", "joiner", "--descendants-of", target_.pid_text()}).exit_code,
        0);
    const CliResult watched = target_.command("watch", {"--for", "100ms"});
    EXPECT_NE(watched.out.find("the main thread has ended"), std::string::npos) << watched;
}

TEST(DeadMainAlone, IsShownWithoutAnAgentToo) {
    Process process({TARGET_JOINER, "last"});
    ASSERT_EQ(process.read_until("ready"), "ready") << process.errors();
    ASSERT_TRUE(eventually([&] { return task_state(process.pid(), process.pid()) == 'Z'; }));
    const CliResult result = run_cli({"ps", std::to_string(process.pid()), "--json"});
    ASSERT_EQ(result.exit_code, 0) << result;
    ASSERT_EQ(result.json["threads"].size(), 2U) << result;
    EXPECT_EQ(result.json["threads"][0]["state"], "Z");
    const CliResult stack = run_cli({"stack", std::to_string(process.pid()), "main"});
    EXPECT_EQ(stack.exit_code, 3) << stack;
    EXPECT_NE(stack.err.find("has ended"), std::string::npos) << stack;
}

}  // namespace
}  // namespace threadfault::test
