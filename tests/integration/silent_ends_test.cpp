// Ends that nobody announces: a raw exit system call, a thread that the kernel ends.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace threadfault::test {
namespace {

class SilentEnd : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready()) << target_.process().errors();
    }
    std::string name() const { return GetParam(); }

    // It has ended, and its lock is waited for.
    void end_one() {
        ASSERT_EQ(target_.ask(name()), name());
        ASSERT_TRUE(eventually([&] {
            return task_named(target_.pid(), "heir") && !task_named(target_.pid(), name());
        }));
    }

    void expect_remembered() {
        CliResult result;
        const bool seen = eventually([&] {
            result = target_.command("locks");
            return !result.json["locks"].empty();
        });
        ASSERT_TRUE(seen) << result;
        const nlohmann::json& owner = result.json["locks"][0]["owner"];
        EXPECT_EQ(result.json["locks"][0]["orphaned"], true) << result;
        EXPECT_EQ(owner["name"], name()) << result;
        const std::string fate = owner.value("fate", "");
        EXPECT_TRUE(fate.starts_with("ended unannounced")) << result;
        EXPECT_NE(fate.find("(main/"), std::string::npos) << result;
    }

    Target target_{{TARGET_SILENT_ENDS}};
};

// The first event of that kind about a thread of that name; null: none yet.
nlohmann::json event_of(const Process& follower, const std::string& event,
                        const std::string& name) {
    std::istringstream lines(follower.output());
    for (std::string line; std::getline(lines, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object() || json.value("event", "") != event) continue;
        if (name.empty() || json.value("name", "") == name) return json;
    }
    return nullptr;
}

TEST_P(SilentEnd, IsToldToThoseWhoFollow) {
    Process follower(cli_command({"--json", "events", target_.pid_text()}));
    ASSERT_TRUE(eventually([&] {
        target_.ask("none");
        return !event_of(follower, "created", "").is_null();
    }));
    ASSERT_NO_FATAL_FAILURE(end_one());
    nlohmann::json told;
    ASSERT_TRUE(eventually([&] {
        told = event_of(follower, "ended", name());
        return !told.is_null();
    })) << follower.output();
    EXPECT_EQ(told["how"], "unknown") << told;
    EXPECT_TRUE(told.value("path", "").starts_with("main/")) << told;
    expect_remembered();
}

TEST_P(SilentEnd, IsRememberedWhenNobodyFollows) {
    ASSERT_NO_FATAL_FAILURE(end_one());
    expect_remembered();
}

INSTANTIATE_TEST_SUITE_P(Ways, SilentEnd, testing::Values("raw", "seccomp"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace threadfault::test
