// Does a process make progress? Stuck is said of those that are, and of no other.
#include "lock_case.hpp"

#include <signal.h>
#include <stdlib.h>

#include <algorithm>

namespace threadfault::test {
namespace {

struct Watched {
    const char* title;
    Names situation;
    const char* verdict;
    const char* frozen = "";   // a thread that is frozen first
    const char* or_else = "";  // another verdict that is true as well
};

void PrintTo(const Watched& watched, std::ostream* stream) {
    *stream << watched.title;
}

void expect_verdict(const Scene& scene, std::string verdict, const std::string& or_else = "") {
    const CliResult result = scene.command("watch", {"--for", "1s"});
    if (!or_else.empty() && result.text("verdict") == or_else) verdict = or_else;
    EXPECT_EQ(result.text("verdict"), verdict) << result;
    EXPECT_EQ(result.exit_code, verdict == "stuck" ? 1 : 0) << result;
    ASSERT_TRUE(result.json.is_object()) << result;
    EXPECT_FALSE(result.json.value("evidence", nlohmann::json::array()).empty()) << result;
}

class Watch : public testing::TestWithParam<Watched> {};

TEST_P(Watch, SaysWhatItIs) {
    const std::string frozen = GetParam().frozen;
    Scene scene(GetParam().situation, frozen.empty() ? Shim::no : Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    if (!frozen.empty()) {
        const CliResult freeze = scene.command("freeze", {"name=" + frozen});
        ASSERT_EQ(freeze.exit_code, 0) << freeze;
    }
    expect_verdict(scene, GetParam().verdict, GetParam().or_else);
}

// Where main waits for its input, "idle" is right as long as no lock is lost.
INSTANTIATE_TEST_SUITE_P(
    Programs, Watch,
    testing::Values(
        Watched{"idle_pool_with_main_in_pause", {"pool-in-pause"}, "idle"},
        Watched{"queue_waiting_for_input", {"pool"}, "idle"},
        Watched{"woken_by_a_signal_handler", {"sem-and-signal", "15"}, "unknown"},
        // A loop that only counts is told from one that waits where a sample shows it, and only
        // there.
        Watched{"busy_spinner", {"spinner"}, "progressing", "", "unknown"},
        Watched{"napper", {"napper"}, "progressing"},
        Watched{"threads_that_come_and_go", {"thread-per-request"}, "progressing"},
        Watched{"contention", {"contention"}, "progressing"},
        Watched{"philosophers", {"philosophers"}, "progressing"},
        Watched{"lock_held_by_one_that_waits_for_input", {"held", "normal_mutex"}, "idle"},
        Watched{"timed_edge", {"timed-edge"}, "idle"},
        Watched{"frozen_idle_worker", {"pool"}, "idle", "worker-1"},
        Watched{"circle_of_one", {"circle", "1"}, "stuck"},
        Watched{"circle_of_two", {"circle", "2"}, "stuck"},
        Watched{"outsider_of_a_circle", {"circle-and-outsider"}, "stuck"},
        Watched{"nobody_is_left_to_signal", {"pool-joined"}, "stuck"},
        Watched{"lock_left_by_the_dead", {"left", "normal_mutex"}, "stuck"},
        Watched{"waiter_behind_a_frozen_thread", {"held", "normal_mutex"}, "stuck", "owner"}),
    [](const auto& info) { return std::string(info.param.title); });

bool all_are(const Scene& scene, char state) {
    return eventually([&] {
        const std::vector<pid_t> all = tasks(scene.pid());
        return std::all_of(all.begin(), all.end(),
                           [&](pid_t tid) { return task_state(scene.pid(), tid) == state; });
    });
}

// The shim takes the two highest that are free, 60 and 59 here: what lies beside them may be the
// program's own.
TEST(WatchSignals, TheHandlersBesideOursAreTheProgramsOwn) {
    for (const char* const number : {"58", "61"}) {
        SCOPED_TRACE(number);
        Scene scene({"sem-and-signal", number}, Shim::yes);
        ASSERT_TRUE(scene.stands()) << scene.process().errors();
        expect_verdict(scene, "unknown");
    }
}

TEST(WatchSignals, OursAreNoHandlersOfTheProgramWhereverTheyLie) {
    setenv("THREADFAULT_SIGNAL", "50", 1);
    Scene scene({"pool-joined"}, Shim::yes);
    unsetenv("THREADFAULT_SIGNAL");
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    expect_verdict(scene, "stuck");
}

// Nobody can say what a stopped process would do.
TEST(WatchStopped, IsNotCalledStuck) {
    Scene scene({"pool"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    scene.process().send_signal(SIGSTOP);
    ASSERT_TRUE(all_are(scene, 'T'));
    expect_verdict(scene, "unknown");
    scene.process().send_signal(SIGCONT);
    ASSERT_TRUE(all_are(scene, 'S'));
    expect_verdict(scene, "idle");
}

// A stop does not undo a deadlock.
TEST(WatchStopped, IsStillInItsDeadlock) {
    Scene scene({"circle", "2"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    scene.process().send_signal(SIGSTOP);
    ASSERT_TRUE(all_are(scene, 'T'));
    expect_verdict(scene, "stuck");
}

TEST(WatchVanished, TheWaiterIsStuckAndTheEvidenceNamesTheDead) {
    Scene scene({"held", "std_mutex"}, Shim::yes);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    expect_verdict(scene, "idle");
    const CliResult kill =
        scene.command("kill", {"name=owner", "--how", "vanish", "--wait", "20s"});
    ASSERT_EQ(kill.exit_code, 0) << kill;
    const CliResult result = scene.command("watch", {"--for", "1s"});
    EXPECT_EQ(result.text("verdict"), "stuck") << result;
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(result.out.find("mutex std_mutex is orphaned"), std::string::npos) << result;
    EXPECT_NE(result.out.find("vanished"), std::string::npos) << result;
}

}  // namespace
}  // namespace threadfault::test
