// Looking disturbs nothing: no signal, no stop, not even one call that returns early.
#include "lock_case.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace threadfault::test {
namespace {

// What the target itself has noticed.
struct Noticed {
    int interrupted = -1;
    int handled = -1;
};

Noticed ask(Scene& scene) {
    scene.process().write("\n");
    std::istringstream answer(scene.process().read_until("interrupted ").value_or(""));
    std::string word;
    Noticed noticed;
    answer >> word >> noticed.interrupted >> word >> noticed.handled;
    return noticed;
}

void expect_nothing_noticed(Scene& scene) {
    const Noticed noticed = ask(scene);
    EXPECT_EQ(noticed.interrupted, 0);
    EXPECT_EQ(noticed.handled, 0);
}

// How often each sleeper has slept, as the kernel counts it: restarting a call is no secret from
// that.
std::vector<long> sleeps(const Scene& scene) {
    std::vector<long> counts;
    for (const char* name : {"sleeper", "poller", "epoller", "reader", "futex", "waiter", "semop",
                             "sigwaiter", "receiver"}) {
        const pid_t tid = scene.tid(name);
        EXPECT_NE(tid, 0) << name;
        counts.push_back(status_number(tid, "voluntary_ctxt_switches") +
                         status_number(tid, "nonvoluntary_ctxt_switches"));
    }
    return counts;
}

void look(const Scene& scene, const std::string& command, Names arguments = {}) {
    const CliResult result = scene.command(command, std::move(arguments));
    ASSERT_EQ(result.exit_code, 0) << command << ": " << result;
}

class Undisturbed : public testing::TestWithParam<Shim> {};

TEST_P(Undisturbed, ByAHundredLooks) {
    Scene scene({"calls"}, GetParam());
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const std::vector<long> before = sleeps(scene);
    for (int i = 0; i < 50; ++i) {
        ASSERT_NO_FATAL_FAILURE(look(scene, "locks"));
        ASSERT_NO_FATAL_FAILURE(look(scene, "ps"));
    }
    EXPECT_EQ(sleeps(scene), before);
    expect_nothing_noticed(scene);
    // All three do notice what disturbs.
    syscall(SYS_tgkill, scene.pid(), scene.tid("reader"), SIGUSR1);
    EXPECT_TRUE(eventually([&] { return ask(scene).handled == 1; }));
    EXPECT_TRUE(eventually([&] { return ask(scene).interrupted == 1; }));
    EXPECT_TRUE(eventually([&] { return sleeps(scene) != before; }));
}

// A stop that no handler sees, as of a debugger that attaches.
TEST_P(Undisturbed, IsWhatAStopIsNot) {
    Scene scene({"calls"}, GetParam());
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const std::vector<long> before = sleeps(scene);
    scene.process().send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(scene.pid(), scene.tid("poller")) == 'T'; }));
    scene.process().send_signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return ask(scene).interrupted > 0; }));
    EXPECT_NE(sleeps(scene), before);
}

TEST_P(Undisturbed, ByAWatch) {
    Scene scene({"calls"}, GetParam());
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const std::vector<long> before = sleeps(scene);
    ASSERT_NO_FATAL_FAILURE(look(scene, "watch", {"--for", "1s"}));
    EXPECT_EQ(sleeps(scene), before);
    expect_nothing_noticed(scene);
}

// Stacks, the selectors that need them, and forecasts: what sleeps is not even stopped, and no call
// of those that run or wait for a moment returns early.
TEST_P(Undisturbed, ByStacksAndForecasts) {
    Scene scene({"calls"}, GetParam());
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const std::vector<long> before = sleeps(scene);
    for (int i = 0; i < 15; ++i) {
        ASSERT_NO_FATAL_FAILURE(look(scene, "stack"));
        ASSERT_NO_FATAL_FAILURE(look(scene, "stack", {"in=*nanosleep*"}));
        if (GetParam() == Shim::no) continue;
        for (const char* selector :
             {"in=*sigtimedwait*", "in=*epoll_wait*", "name=semop", "name=busy", "name=receiver"}) {
            look(scene, "kill", {selector, "--first", "--how", "exit", "--dry-run"});
        }
    }
    EXPECT_EQ(sleeps(scene), before);
    expect_nothing_noticed(scene);
}

// The lines of strace's log from a place on that tell of a signal or of an interrupted call.
Names interruptions(const std::string& log, std::streamoff from) {
    std::ifstream file(log);
    file.seekg(from);
    Names found;
    for (std::string line; std::getline(file, line);) {
        for (const char* sign : {"EINTR", "ERESTART", "--- SIG", "--- stopped"}) {
            if (line.find(sign) == std::string::npos) continue;
            found.push_back(line);
            break;
        }
    }
    return found;
}

// And a witness that is neither the target nor we.
TEST_P(Undisturbed, AsStraceSeesIt) {
    const std::string log = testing::TempDir() + "undisturbed." + std::to_string(getpid());
    {
        Process trial({"strace", "-f", "-o", log, "true"});
        const auto exit = trial.wait();
        if (!exit || exit->status() != 0) GTEST_SKIP() << "no strace here: " << trial.errors();
    }
    Scene scene({"calls"}, GetParam(), {"strace", "-f", "-o", log});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    const auto from = static_cast<std::streamoff>(std::filesystem::file_size(log));
    for (int i = 0; i < 10; ++i) {
        ASSERT_NO_FATAL_FAILURE(look(scene, "ps"));
        ASSERT_NO_FATAL_FAILURE(look(scene, "locks"));
        ASSERT_NO_FATAL_FAILURE(look(scene, "watch", {"--for", "100ms"}));
    }
    expect_nothing_noticed(scene);
    EXPECT_EQ(interruptions(log, from), Names());
    EXPECT_GT(static_cast<std::streamoff>(std::filesystem::file_size(log)), from);
    // What does disturb is in that log.
    syscall(SYS_tgkill, scene.pid(), scene.tid("reader"), SIGUSR1);
    EXPECT_TRUE(eventually([&] { return interruptions(log, from).size() >= 2; }))
        << testing::PrintToString(interruptions(log, from));
    std::filesystem::remove(log);
}

INSTANTIATE_TEST_SUITE_P(With, Undisturbed, testing::Values(Shim::no, Shim::yes),
                         [](const auto& info) {
                             return std::string(info.param == Shim::no ? "no_shim" : "the_shim");
                         });

}  // namespace
}  // namespace threadfault::test
