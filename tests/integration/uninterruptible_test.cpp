// A thread that no signal reaches, because it sleeps uninterruptibly in the kernel: told at once,
// and nothing is left behind. Each request may wait for an hour: an answer at all is one before
// that.
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace threadfault::test {
namespace {

class Uninterruptible : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready());
        ASSERT_TRUE(eventually([&] { return task_named(target_.pid(), "parent").has_value(); }));
        parent_ = task_named(target_.pid(), "parent").value_or(0);
    }

    void send_to_sleep() {
        target_.ask("sleep", "sleep begun");
        ASSERT_TRUE(eventually([&] { return task_state(target_.pid(), parent_) == 'D'; }))
            << task_state(target_.pid(), parent_);
    }

    std::pair<unsigned long, unsigned long> counts() {
        std::istringstream answer(target_.ask("counts"));
        std::string word;
        std::pair<unsigned long, unsigned long> result;
        answer >> word >> result.first >> result.second;
        return result;
    }

    bool comes_back() {
        const unsigned long before = counts().first;
        return target_.ask("wake", "wake done") == "wake done" &&
               eventually([&] { return counts().first == before + 1; });
    }

    void expect_told(const std::string& command, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "name=parent");
        arguments.insert(arguments.end(), {"--wait", "1h"});
        const CliResult result = target_.command(command, arguments);
        EXPECT_EQ(result.exit_code, 6) << result;
        EXPECT_EQ(result.text("outcome"), "refused") << result;
        EXPECT_TRUE(result.text("reason").starts_with("uninterruptible: ")) << result;
        EXPECT_EQ(task_state(target_.pid(), parent_), 'D');
    }

    nlohmann::json faults_of_parent() {
        const CliResult ps = target_.command("ps");
        for (const auto& thread : ps.json.value("threads", nlohmann::json::array())) {
            if (thread.value("name", "") == "parent") return thread["faults"];
        }
        return "no such thread";
    }

    Target target_{{TARGET_VFORKER}};
    pid_t parent_ = 0;
};

using Command = std::pair<const char*, std::vector<std::string>>;
class UninterruptibleUnder : public Uninterruptible, public testing::WithParamInterface<Command> {};

TEST_P(UninterruptibleUnder, IsToldAtOnceAndLeftAlone) {
    ASSERT_NO_FATAL_FAILURE(send_to_sleep());
    expect_told(GetParam().first, GetParam().second);
    // The others never noticed, and it goes on as if nobody had asked.
    const unsigned long sibling = counts().second;
    EXPECT_TRUE(eventually([&] { return counts().second > sibling; }));
    EXPECT_TRUE(comes_back());
    EXPECT_EQ(faults_of_parent().dump(), "[]");
    EXPECT_EQ(task_state(target_.pid(), parent_), 'S');
    // A second sleep, out of which it is not fetched by what was asked in the first.
    ASSERT_NO_FATAL_FAILURE(send_to_sleep());
    EXPECT_TRUE(comes_back());
    // Where it can be reached, the same is done.
    const CliResult frozen = target_.command("freeze", {"name=parent", "--wait", "20s"});
    EXPECT_EQ(frozen.text("outcome"), "done") << frozen;
    EXPECT_EQ(target_.command("thaw", {"name=parent"}).text("outcome"), "done");
}
INSTANTIATE_TEST_SUITE_P(
    Each, UninterruptibleUnder,
    testing::Values(Command{"freeze", {}}, Command{"freeze", {"--for", "1h"}},
                    Command{"delay", {"1h"}}, Command{"spin", {"1h"}},
                    Command{"slow", {"--to", "10%"}}, Command{"kill", {"--how", "cancel"}},
                    Command{"kill", {"--how", "async-cancel"}}, Command{"kill", {"--how", "exit"}},
                    Command{"kill", {"--how", "vanish"}}),
    [](const auto& info) { return info.param.first + std::to_string(info.index); });

// A page fault or a disk does that for a moment: mostly the thread is held after it.
TEST_F(Uninterruptible, AMomentOfItIsWaitedFor) {
    target_.ask("blink", "blink begun");
    int held = 0;
    for (int round = 0; round < 10; round++) {
        ASSERT_TRUE(eventually([&] { return task_state(target_.pid(), parent_) == 'D'; }));
        const CliResult frozen = target_.command("freeze", {"name=parent", "--wait", "20s"});
        if (frozen.text("outcome") != "done") continue;
        ++held;
        target_.command("thaw", {"name=parent"});
    }
    EXPECT_GE(held, 7);
}

}  // namespace
}  // namespace threadfault::test
