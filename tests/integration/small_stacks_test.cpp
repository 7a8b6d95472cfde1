// Little is left of a thread's stack: what has room is done, the rest is refused, with the figures,
// before anything runs on the thread. An overflow would be the program's end.
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <sys/auxv.h>

#include <sstream>

namespace threadfault::test {
namespace {

// What the kernel puts on a stack to call a handler (AT_MINSIGSTKSZ).
std::size_t signal_frame() {
    const auto told = static_cast<std::size_t>(getauxval(51));
    return told != 0 ? told : 2048;
}

class Cramped {
public:
    explicit Cramped(const std::string& left, std::size_t alternate = 0)
        : target_({TARGET_SMALL_STACKS, left, std::to_string(alternate)}) {}

    void await() {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready()) << target_.process().errors();
    }

    CliResult inflict(const std::string& command, std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.begin(), "name=victim");
        return target_.command(command, arguments);
    }

    CliResult kill(const std::string& how, bool anywhere = false) {
        std::vector<std::string> arguments = {"--how", how, "--wait", "300ms"};
        if (anywhere) arguments.emplace_back("--anywhere");
        return inflict("kill", arguments);
    }

    bool goes_on() {
        const std::string before = target_.ask("count");
        return eventually([&] { return target_.ask("count") != before; });
    }

    bool has_victim() { return task_named(target_.pid(), "victim").has_value(); }
    Target& target() noexcept { return target_; }

    bool ends_well() {
        target_.process().write("quit\n");
        const auto exit = target_.process().wait();
        return exit && exit->status() == 0;
    }

private:
    Target target_;
};

struct Holding {
    const char* command;
    std::vector<std::string> arguments;
};

std::vector<Holding> holding_faults() {
    return {{"freeze", {"--for", "20ms"}},
            {"delay", {"20ms"}},
            {"spin", {"5ms"}},
            {"interrupt", {}},
            {"slow", {"--to", "50%", "--for", "50ms"}}};
}

void expect_refused(const CliResult& result, const std::string& stack) {
    EXPECT_EQ(result.exit_code, 6) << result;
    EXPECT_EQ(result.text("outcome"), "refused") << result;
    const std::string reason = result.text("reason");
    EXPECT_TRUE(reason.starts_with("no-stack-room: ")) << result;
    EXPECT_NE(reason.find(" KiB left on the thread's " + stack), std::string::npos) << result;
}

TEST(SmallStack, HoldsWithTwoKibibytesBesidesTheSignalFrame) {
    Cramped cramped(std::to_string(signal_frame() + 2048));
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    for (const Holding& fault : holding_faults()) {
        const CliResult result = cramped.inflict(fault.command, fault.arguments);
        EXPECT_EQ(result.exit_code, 0) << fault.command << ": " << result;
        EXPECT_TRUE(cramped.goes_on()) << fault.command;
    }
    EXPECT_TRUE(cramped.ends_well());
}

TEST(SmallStack, RefusesToUnwindWithoutRoomAndSaysHowMuchIsMissing) {
    Cramped cramped(std::to_string(signal_frame() + 2048));
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    for (const char* how : {"exit", "async-cancel", "cancel", "vanish"}) {
        // Said before, when it waits: while it runs, that is not known.
        CliResult foreseen;
        EXPECT_TRUE(eventually([&] {
            foreseen = cramped.inflict("kill", {"--how", how, "--dry-run"});
            return foreseen.text("forecast") == "stays";
        })) << foreseen;
        EXPECT_EQ(foreseen.json["facts"][0].dump().find("\"it would be refused: no-stack-room: "),
                  0U)
            << foreseen;
        const CliResult result = cramped.kill(how);
        expect_refused(result, "stack");
        EXPECT_NE(result.text("reason").find(" needs "), std::string::npos) << result;
        EXPECT_TRUE(cramped.goes_on()) << how;
    }
    // What needs no look does.
    const CliResult unseen =
        cramped.inflict("kill", {"--how", "vanish", "--anywhere", "--dry-run"});
    EXPECT_EQ(unseen.text("forecast"), "ends") << unseen;
    const CliResult gone = cramped.kill("vanish", true);
    EXPECT_EQ(gone.exit_code, 0) << gone;
    EXPECT_TRUE(cramped.ends_well());
}

TEST(SmallStack, RefusesEverythingWhereTheSignalFrameAloneHasNoRoom) {
    Cramped cramped(std::to_string(signal_frame() - 1024));
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    for (const Holding& fault : holding_faults()) {
        std::vector<std::string> arguments = fault.arguments;
        if (fault.command == std::string("freeze") || fault.command == std::string("delay") ||
            fault.command == std::string("slow")) {
            arguments.insert(arguments.end(), {"--wait", "300ms"});
        }
        const CliResult result = cramped.inflict(fault.command, arguments);
        expect_refused(result, "stack");
        EXPECT_NE(result.text("reason").find("the signal frame alone needs "), std::string::npos)
            << result;
        EXPECT_EQ(result.text("reason").find("anywhere"), std::string::npos) << result;
    }
    for (const char* how : {"exit", "async-cancel", "cancel", "vanish"})
        expect_refused(cramped.kill(how, true), "stack");
    EXPECT_TRUE(cramped.goes_on());
    EXPECT_TRUE(cramped.ends_well());
}

// Whatever is left, the program lives, or its thread dies of what was asked for.
TEST(SmallStack, IsNeverOverflown) {
    for (std::size_t left = 1024; left < 10'000; left += 1100) {
        for (const char* how : {"exit", "async-cancel", "cancel", "vanish"}) {
            Cramped cramped(std::to_string(left));
            // So little is left that the program itself can't wait there.
            if (!cramped.target().process().read_until("ready")) continue;
            ASSERT_TRUE(cramped.target().ready());
            const CliResult frozen = cramped.inflict("freeze", {"--for", "10ms", "--wait", "50ms"});
            EXPECT_TRUE(frozen.exit_code == 0 || frozen.exit_code == 6) << left << frozen;
            const CliResult killed = cramped.kill(how);
            EXPECT_TRUE(killed.exit_code == 0 || killed.exit_code == 6) << left << killed;
            EXPECT_EQ(cramped.has_victim(), killed.exit_code == 6) << left << killed;
            EXPECT_TRUE(cramped.ends_well()) << left << how;
        }
    }
}

// It grows, up to its limit: what is mapped of it says little.
TEST(MainStack, IsJudgedByItsLimit) {
    for (const std::size_t left : {signal_frame() - 1024, signal_frame() + 1200, 2 * signal_frame(),
                                   signal_frame() + 8000}) {
        for (const char* how : {"freeze", "vanish", "exit"}) {
            Target target({TARGET_SMALL_STACKS, "main", std::to_string(left)});
            ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
            ASSERT_TRUE(target.ready()) << target.process().errors();
            const bool holds = how == std::string("freeze");
            const CliResult result =
                holds ? target.command("freeze", {"main", "--for", "10ms", "--wait", "300ms"})
                      : target.command("kill", {"main", "--how", how, "--wait", "300ms"});
            EXPECT_TRUE(target.process().running()) << left << result;
            if (result.exit_code != 0) expect_refused(result, "stack");
            const bool roomy = left > signal_frame() + 7000;
            if (roomy || left < signal_frame()) {
                EXPECT_EQ(result.exit_code, roomy ? 0 : 6) << how << result;
            }
        }
    }
}

// Rust's runtime gives each of its threads one of this size, or of the signal frame's if that is
// larger.
constexpr std::size_t kUsualAlternate = 8192;

TEST(AlternateStack, OfEightKibibytesIsEnough) {
    Cramped cramped("painted", kUsualAlternate);
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    for (const Holding& fault : holding_faults()) {
        const CliResult result = cramped.inflict(fault.command, fault.arguments);
        EXPECT_EQ(result.exit_code, 0) << fault.command << ": " << result;
    }
    const bool roomy = signal_frame() + 4800 <= kUsualAlternate;
    const CliResult killed = cramped.kill("exit");
    if (roomy) {
        EXPECT_EQ(killed.exit_code, 0) << killed;
        EXPECT_EQ(cramped.target().process().read_until("unwound"), "unwound");
    } else {
        expect_refused(killed, "alternate signal stack");
    }
    EXPECT_TRUE(cramped.ends_well());
}

// What the program sends to a held thread comes on top of our handler, on the same small stack.
TEST(AlternateStack, OfOneFrameHoldsWhileTheProgramSendsSignals) {
    Cramped cramped("painted", signal_frame() + 2048);
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    const std::string before = cramped.target().ask("signals");
    const CliResult frozen = cramped.inflict("freeze");
    ASSERT_EQ(frozen.exit_code, 0) << frozen;
    EXPECT_EQ(cramped.target().ask("poke"), "poked");
    EXPECT_TRUE(cramped.target().process().running());
    const CliResult thawed = cramped.inflict("thaw");
    EXPECT_EQ(thawed.exit_code, 0) << thawed;
    EXPECT_TRUE(eventually([&] { return cramped.target().ask("signals") != before; }));
    EXPECT_TRUE(cramped.ends_well());
}

TEST(AlternateStack, TooSmallForAFrameIsToldAsWhatItIs) {
    Cramped cramped("painted", 2048);
    if (signal_frame() <= 2048) GTEST_SKIP() << "a signal frame fits into any alternate stack";
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    expect_refused(cramped.inflict("freeze", {"--for", "10ms", "--wait", "100ms"}),
                   "alternate signal stack");
    expect_refused(cramped.kill("exit", true), "alternate signal stack");
    EXPECT_TRUE(cramped.has_victim());
    EXPECT_TRUE(cramped.ends_well());
}

// A frozen thread is in our handler, on the alternate stack: the next one comes on top of it.
TEST(AlternateStack, IsJudgedByWhatIsLeftOfItInsideAHandler) {
    Cramped cramped("painted", kUsualAlternate);
    ASSERT_NO_FATAL_FAILURE(cramped.await());
    const CliResult frozen = cramped.inflict("freeze");
    ASSERT_EQ(frozen.exit_code, 0) << frozen;
    const CliResult killed = cramped.kill("exit");
    expect_refused(killed, "alternate signal stack");
    const CliResult thawed = cramped.inflict("thaw");
    EXPECT_EQ(thawed.exit_code, 0) << thawed;
    EXPECT_TRUE(cramped.has_victim());
    EXPECT_TRUE(cramped.ends_well());
}

// The figures by which it is judged (stack_needs.hpp) are not too low.
class Depth : public testing::TestWithParam<std::size_t> {};

TEST_P(Depth, IsWithinWhatIsReckonedWith) {
    struct Use {
        const char* command;
        std::vector<std::string> arguments;
        std::size_t most;
    };
    // Where there is room, it is used for a look at the stack, whether that is needed or not.
    const Use uses[] = {
        {"freeze", {"--for", "20ms"}, 2560},       {"interrupt", {}, 768},
        {"kill", {"--how", "vanish"}, 2560},       {"kill", {"--how", "exit"}, 4800},
        {"kill", {"--how", "async-cancel"}, 4800}, {"kill", {"--how", "cancel"}, 4800}};
    for (const Use& use : uses) {
        Cramped painted("painted", GetParam());
        ASSERT_NO_FATAL_FAILURE(painted.await());
        painted.target().ask("mark");
        const CliResult result = painted.inflict(use.command, use.arguments);
        ASSERT_EQ(result.exit_code, 0) << result;
        std::istringstream answer(painted.target().ask("depth"));
        std::string word;
        long own = 0;
        long alternate = 0;
        answer >> word >> own >> alternate;
        const auto most = static_cast<long>(use.most + signal_frame() + 128);
        EXPECT_LE(own, most) << result;
        EXPECT_LE(alternate, most) << result;
    }
}

INSTANTIATE_TEST_SUITE_P(Integration, Depth, testing::Values(0, 32768));

}  // namespace
}  // namespace threadfault::test
