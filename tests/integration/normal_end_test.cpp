// A process that ends by itself because its thread has ended is not one that died of it.
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace threadfault::test {
namespace {

constexpr int kRepeats = 10;
constexpr const char* kThen = "process-ended: the process then ended with code 0";

// Which of the two the kernel tells by is a matter of who comes first: of a process that its parent
// has waited for, and of one that it has not.
enum class Parent { waits, comes_late };

struct Ended {
    const char* mode;
    const char* how;
    Parent parent;
};

std::ostream& operator<<(std::ostream& stream, const Ended& ended) {
    return stream << ended.mode << " " << ended.how;
}

CliResult kill_worker(const Ended& ended) {
    Target target({TARGET_JOINER, ended.mode});
    EXPECT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    EXPECT_TRUE(target.ready()) << target.process().errors();
    std::thread waiting;
    if (ended.parent == Parent::waits) waiting = std::thread([&] { target.process().wait(); });
    CliResult result = target.command("kill", {"name=worker", "--how", ended.how, "--wait", "20s"});
    if (waiting.joinable()) waiting.join();
    return result;
}

class NormalEnd : public testing::TestWithParam<Ended> {};

TEST_P(NormalEnd, IsToldAsOneEachTime) {
    for (int i = 0; i < kRepeats; ++i) {
        const CliResult result = kill_worker(GetParam());
        ASSERT_EQ(result.exit_code, 0) << result;
        ASSERT_EQ(result.text("outcome"), "ended") << result;
        ASSERT_EQ(result.text("reason"), kThen) << result;
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, NormalEnd,
                         testing::Values(Ended{"zero", "cancel", Parent::waits},
                                         Ended{"zero", "cancel", Parent::comes_late},
                                         Ended{"zero", "vanish", Parent::waits},
                                         Ended{"zero", "exit", Parent::comes_late},
                                         Ended{"exit", "cancel", Parent::waits},
                                         Ended{"exit", "exit", Parent::comes_late},
                                         Ended{"raw", "cancel", Parent::waits},
                                         Ended{"raw", "vanish", Parent::comes_late},
                                         Ended{"other-zero", "cancel", Parent::comes_late},
                                         Ended{"other-zero", "vanish", Parent::waits},
                                         Ended{"last", "exit", Parent::waits},
                                         Ended{"last", "vanish", Parent::comes_late}));

class OtherEnd : public testing::TestWithParam<Parent> {};

TEST_P(OtherEnd, IsTheTargetsDeath) {
    const CliResult code = kill_worker({"three", "cancel", GetParam()});
    EXPECT_EQ(code.exit_code, 7) << code;
    EXPECT_EQ(code.text("reason"), "process-ended: the process exited with code 3") << code;
    for (int i = 0; i < kRepeats; ++i) {
        const CliResult other = kill_worker({"other", "vanish", GetParam()});
        ASSERT_EQ(other.text("reason"), "process-ended: the process exited with code 3") << other;
    }
    const CliResult signal = kill_worker({"abort", "cancel", GetParam()});
    EXPECT_EQ(signal.exit_code, 7) << signal;
    EXPECT_NE(signal.text("reason").find("ended by SIGABRT"), std::string::npos) << signal;
}

INSTANTIATE_TEST_SUITE_P(Parents, OtherEnd, testing::Values(Parent::waits, Parent::comes_late));

TEST(NormalEndOfAStorm, IsNoDeath) {
    Target target({TARGET_JOINER, "zero"});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready()) << target.process().errors();
    const std::string journal = testing::TempDir() + "normal_end.jsonl";
    std::remove(journal.c_str());
    const CliResult result = target.command("storm", {"--faults", "kill=cancel", "--every", "10ms",
                                                      "--for", "20s", "--journal", journal});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_TRUE(result.json["target_died"].is_null()) << result;
    EXPECT_EQ(result.text("target_ended"), "the process exited with code 0") << result;
}

}  // namespace
}  // namespace threadfault::test
