// Programs that confine themselves: with a seccomp filter, or with a limit of open files. The agent
// does not harm them, does not spin, and what needs it says why there is none.
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <time.h>

#include <string>

namespace threadfault::test {
namespace {

constexpr char kCause[] = "has put a seccomp filter on itself";

bool says(const CliResult& result, const std::string& words) {
    return (result.out + result.err).find(words) != std::string::npos;
}

// CPU time of the whole process, in seconds: its clock's number is made of the pid.
double cpu_seconds(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return -1;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Its threads wake up 600 times a second; a helper that spins takes all of that time.
void expect_rest(pid_t pid) {
    const double before = cpu_seconds(pid);
    ASSERT_GE(before, 0);
    const timespec span{0, 300'000'000};
    nanosleep(&span, nullptr);
    EXPECT_LT(cpu_seconds(pid) - before, 0.1);
}

class Sandbox : public testing::Test {
protected:
    static void begin(Target& target) {
        ASSERT_EQ(target.process().read_until("begun"), "begun") << target.process().errors();
    }
    static void confine(Target& target) {
        target.process().write("\n");
        ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    }
    static void expect_unharmed(Target& target) {
        target.process().close_input();
        const auto exit = target.process().wait();
        ASSERT_TRUE(exit.has_value());
        EXPECT_EQ(exit->status(), 0) << target.process().errors();
    }
};

class Filter : public Sandbox, public testing::WithParamInterface<const char*> {};

TEST_P(Filter, EndsTheAgentAndNothingElse) {
    Target target({TARGET_SANDBOXES, GetParam()});
    begin(target);
    confine(target);
    const CliResult kill = target.command("kill", {"name=worker", "--first", "--how", "exit"});
    EXPECT_EQ(kill.exit_code, 4) << kill;
    EXPECT_TRUE(says(kill, kCause)) << kill;
    const CliResult doctor = run_cli({"doctor", target.pid_text()});
    EXPECT_EQ(doctor.exit_code, 4) << doctor;
    EXPECT_TRUE(says(doctor, kCause)) << doctor;
    expect_rest(target.pid());
    expect_unharmed(target);
}

INSTANTIATE_TEST_SUITE_P(Modes, Filter,
                         testing::Values("trap", "strict", "browser", "narrow", "narrow-prctl",
                                         "strict-late", "narrow-late", "no-accept", "no-ppoll",
                                         "refuse"),
                         [](const auto& mode) {
                             std::string name(mode.param);
                             std::erase(name, '-');
                             return name;
                         });

TEST_F(Sandbox, AThreadWithAFilterOfItsOwnIsLeftAlone) {
    Target target({TARGET_SANDBOXES, "strict-thread"});
    begin(target);
    confine(target);
    ASSERT_TRUE(target.ready());
    const CliResult kill = target.command("kill", {"name=worker", "--first", "--how", "exit"});
    EXPECT_EQ(kill.exit_code, 6) << kill;
    EXPECT_TRUE(kill.text("reason").starts_with("seccomp")) << kill;
    const CliResult doctor = run_cli({"doctor", target.pid_text()});
    EXPECT_EQ(doctor.exit_code, 0) << doctor;
    EXPECT_NE(doctor.out.find("3 threads have a filter of their own: "), std::string::npos)
        << doctor;
    expect_unharmed(target);
}

TEST_F(Sandbox, FewOpenFilesAreEnough) {
    for (const char* limit : {"3", "4", "16"}) {
        SCOPED_TRACE(limit);
        Target target({TARGET_SANDBOXES, "files", limit});
        begin(target);
        ASSERT_TRUE(target.ready());
        confine(target);
        expect_rest(target.pid());
        const CliResult kill =
            target.command("kill", {"name=worker", "--first", "--how", "vanish"});
        EXPECT_EQ(kill.exit_code, 0) << kill;
    }
}

TEST_F(Sandbox, TooFewAreSaidOrBorne) {
    for (const char* limit : {"0", "1", "2"}) {
        SCOPED_TRACE(limit);
        Target target({TARGET_SANDBOXES, "files", limit});
        begin(target);
        ASSERT_TRUE(target.ready());
        confine(target);
        const CliResult kill =
            target.command("kill", {"name=worker", "--first", "--how", "vanish"});
        EXPECT_EQ(kill.exit_code, 4) << kill;
        EXPECT_NE(kill.err.find("RLIMIT_NOFILE is " + std::string(limit)), std::string::npos)
            << kill;
        expect_rest(target.pid());
        expect_unharmed(target);
    }
}

}  // namespace
}  // namespace threadfault::test
