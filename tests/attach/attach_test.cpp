// `attach`: what can be done to a process without a shim, and that nothing remains of it.
#include "attach_program.hpp"
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <sstream>

namespace threadfault::test {
namespace {

using Names = std::vector<std::string>;

class Attached : public AttachProgram {
protected:
    void start(const char* program = ATTACH_TARGET) {
        ASSERT_NO_FATAL_FAILURE(begin(program));
        const CliResult result = run_cli({"--json", "attach", std::to_string(pid())});
        ASSERT_EQ(result.exit_code, 0) << result;
        ASSERT_EQ(result.text("outcome"), "attached") << result;
    }
    void TearDown() override {
        if (process_ && guardian_of(pid()) != 0) {
            run_cli({"detach", std::to_string(pid())});
        }
    }
    CliResult command(const std::string& name, Names arguments = {}) const {
        arguments.insert(arguments.begin(), {"--json", name, std::to_string(pid())});
        return run_cli(arguments);
    }
    void detach() {
        const CliResult result = command("detach");
        ASSERT_EQ(result.exit_code, 0) << result;
    }
};

TEST_F(Attached, AndDetachedIsAsBefore) {
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_NE(state_of(pid()), before_) << "the region is seen while it is there";
    for (const char* name : {"sleeper", "epoller", "sigwaiter", "waiter", "spinner"}) {
        const CliResult frozen = command("freeze", {std::string("name=") + name});
        EXPECT_EQ(frozen.text("outcome"), "done") << frozen;
    }
    ASSERT_NO_FATAL_FAILURE(detach());
    EXPECT_EQ(state_of(pid()), before_);
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(ask().interrupted, 0);
    EXPECT_EQ(guardian_of(pid()), 0);
}

TEST_F(Attached, ManyTimesWithoutANotice) {
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_NO_FATAL_FAILURE(detach());
    for (int i = 0; i < 20; ++i) {
        const CliResult result = command("attach");
        ASSERT_EQ(result.exit_code, 0) << result;
        ASSERT_NO_FATAL_FAILURE(detach());
    }
    EXPECT_EQ(state_of(pid()), before_);
    EXPECT_EQ(ask().interrupted, 0);
    EXPECT_TRUE(goes_on());
}

TEST_F(Attached, ThreadsVanishExitAndAreCancelled) {
    ASSERT_NO_FATAL_FAILURE(start());
    const pid_t spinner = tid("spinner");
    const CliResult vanished = command("kill", {"name=spinner", "--how", "vanish"});
    EXPECT_EQ(vanished.exit_code, 0) << vanished;
    EXPECT_EQ(vanished.text("outcome"), "ended") << vanished;
    EXPECT_FALSE(task_exists(pid(), spinner));
    EXPECT_EQ(ask().destroyed, 0);
    for (const auto& [name, how] : std::initializer_list<std::pair<const char*, const char*>>{
             {"sleeper", "exit"}, {"waiter", "cancel"}, {"stepper", "async-cancel"}}) {
        const int destroyed = ask().destroyed;
        const CliResult ended = command("kill", {std::string("name=") + name, "--how", how});
        EXPECT_EQ(ended.text("outcome"), "ended") << how << ": " << ended;
        EXPECT_EQ(ask().destroyed, destroyed + 1) << how;
        EXPECT_EQ(tid(name), 0);
    }
}

TEST_F(Attached, AThreadIsFrozenAndThawed) {
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_EQ(command("freeze", {"name=stepper"}).text("outcome"), "done");
    const unsigned long steps = ask().steps;
    EXPECT_EQ(status_number(pid(), "TracerPid"), 0);
    const CliResult list = command("ps");
    bool shown = false;
    for (const auto& thread : list.json["threads"])
        shown = shown || (thread["name"] == "stepper" && thread["faults"] == Names{"freeze"});
    EXPECT_TRUE(shown) << list;
    const CliResult stack = command("stack", {"name=stepper"});
    EXPECT_NE(stack.out.find("nanosleep"), std::string::npos) << "where it will go on: " << stack;
    // Two commands have run: it would have made some.
    EXPECT_EQ(ask().steps, steps);
    ASSERT_EQ(command("thaw", {"name=stepper"}).text("outcome"), "done");
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(ask().interrupted, 0);
}

TEST_F(Attached, OtherFaults) {
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_EQ(command("delay", {"name=stepper", "30ms"}).text("outcome"), "done");
    EXPECT_EQ(command("spin", {"name=waiter", "30ms"}).text("outcome"), "done");
    EXPECT_EQ(command("slow", {"name=spinner", "--to", "10%", "--for", "100ms"}).text("outcome"),
              "done");
    EXPECT_EQ(command("demote", {"name=spinner", "--nice", "10"}).text("outcome"), "done");
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(ask().interrupted, 0);
    EXPECT_EQ(command("interrupt", {"name=epoller"}).text("outcome"), "done");
    EXPECT_TRUE(eventually([&] { return ask().interrupted == 1; }));
    EXPECT_EQ(command("signal", {"name=sigwaiter", "USR2"}).text("outcome"), "done");
    const CliResult inject = run_cli({"inject", std::to_string(pid()), "read:delay=1ms"});
    EXPECT_EQ(inject.exit_code, 4) << inject;
}

// Who created which thread is not known: names and births say which threads were meant.
TEST_F(Attached, AStormAndItsReplayOnAnotherProcess) {
    std::string directory = testing::TempDir() + "storm-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    const auto victims = [](const std::string& journal) {
        std::string told;
        std::istringstream lines(contents(journal));
        std::string line;
        std::getline(lines, line);  // the settings
        while (std::getline(lines, line)) {
            const auto step = nlohmann::json::parse(line);
            told += step["fault"].dump() + " " + step["name"].dump() + " " +
                    step.value("of_name", nlohmann::json()).dump() + " " + step["outcome"].dump() +
                    "\n";
        }
        return told;
    };
    const std::string first = directory + "/first.jsonl";
    const std::string again = directory + "/again.jsonl";
    {
        ASSERT_NO_FATAL_FAILURE(start());
        const CliResult storm =
            command("storm", {"--for", "800ms", "--every", "40ms", "--seed", "5", "--faults",
                              "freeze=5ms,slow=50%/5ms", "--journal", first});
        ASSERT_EQ(storm.exit_code, 0) << storm;
        ASSERT_NO_FATAL_FAILURE(detach());
        EXPECT_EQ(state_of(pid()), before_);
        EXPECT_TRUE(goes_on());
    }
    const std::string told = victims(first);
    for (const char* name : {"sleeper", "waiter", "spinner", "stepper"})
        EXPECT_NE(told.find(std::string("\"") + name + "\" 0 \"done\""), std::string::npos) << told;
    Process other({ATTACH_TARGET});
    ASSERT_EQ(other.read_until("ready"), "ready");
    const CliResult replay = run_cli({"--json", "storm", std::to_string(other.pid()), "--attach",
                                      "--replay", first, "--journal", again});
    EXPECT_EQ(replay.exit_code, 0) << replay;
    EXPECT_EQ(victims(again), told);
    EXPECT_TRUE(eventually([&] { return guardian_of(other.pid()) == 0; }));
    std::filesystem::remove_all(directory);
}

TEST_F(Attached, OutlivesAGuardianThatIsKilled) {
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_EQ(command("freeze", {"name=stepper"}).text("outcome"), "done");
    ASSERT_EQ(command("freeze", {"name=epoller"}).text("outcome"), "done");
    const pid_t guardian = guardian_of(pid());
    ASSERT_NE(guardian, 0);
    kill(guardian, SIGKILL);
    ASSERT_TRUE(eventually([&] { return guardian_of(pid()) == 0; }));
    const CliResult thawed = command("thaw", {"--all"});
    EXPECT_EQ(thawed.exit_code, 0) << thawed;
    EXPECT_EQ(thawed.json["results"].size(), 2U) << thawed;
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(ask().interrupted, 0);
    // That one was there for the request alone, and has cleaned up.
    EXPECT_TRUE(eventually([&] { return guardian_of(pid()) == 0; }));
    EXPECT_EQ(state_of(pid()), before_);
}

// A request may have reached one that answers no more.
TEST_F(Attached, OutlivesAGuardianThatIsKilledWhileItIsAsked) {
    ASSERT_NO_FATAL_FAILURE(start());
    ASSERT_EQ(command("freeze", {"name=stepper"}).text("outcome"), "done");
    const pid_t guardian = guardian_of(pid());
    ASSERT_NE(guardian, 0);
    kill(guardian, SIGSTOP);
    Process thaw(cli_command({"thaw", std::to_string(pid()), "--all"}));
    const std::string fds = "/proc/" + std::to_string(thaw.pid()) + "/fd";
    ASSERT_TRUE(eventually([&] {
        std::error_code ignored;
        for (const auto& fd : std::filesystem::directory_iterator(fds, ignored))
            if (std::filesystem::read_symlink(fd.path(), ignored).string().starts_with("socket:"))
                return true;
        return !thaw.running();
    }));
    kill(guardian, SIGKILL);
    const auto exit = thaw.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status(), 0) << thaw.errors();
    EXPECT_TRUE(goes_on());
    EXPECT_TRUE(eventually([&] { return guardian_of(pid()) == 0; }));
}

// Stops of the whole process (SIGSTOP) meet those of single threads, at any moment.
TEST_F(Attached, IsStoppedAndContinuedWhileItIsLetGo) {
    ASSERT_NO_FATAL_FAILURE(start());
    for (int round = 0; round < 8; ++round) {
        for (const char* name : {"stepper", "epoller", "spinner"}) {
            ASSERT_EQ(command("freeze", {std::string("name=") + name}).text("outcome"), "done");
        }
        // As `detach` does it, which does not speak to the guardian of a stopped process.
        kill(guardian_of(pid()), SIGTERM);
        ASSERT_TRUE(eventually([&] {
            process_->send_signal(SIGSTOP);
            process_->send_signal(SIGCONT);
            return guardian_of(pid()) == 0;
        }));
        EXPECT_TRUE(eventually([&] { return state_of(pid()) == before_; }));
        ASSERT_TRUE(goes_on());
        for (const char* name :
             {"sleeper", "epoller", "sigwaiter", "waiter", "spinner", "stepper"}) {
            const char state = task_state(pid(), tid(name));
            EXPECT_TRUE(state == 'S' || state == 'R') << name << " " << state;
        }
        ASSERT_EQ(command("attach").exit_code, 0);
    }
}

TEST_F(Attached, AStaticProgram) {
    ASSERT_NO_FATAL_FAILURE(start(ATTACH_TARGET_STATIC));
    EXPECT_EQ(command("freeze", {"name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command("thaw", {"name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command("kill", {"name=sleeper", "--how", "vanish"}).text("outcome"), "ended");
    ASSERT_NO_FATAL_FAILURE(detach());
    EXPECT_TRUE(goes_on());
}

TEST(Attaching, IsNamedByTheErrorAndByAFlag) {
    Process process({ATTACH_TARGET});
    ASSERT_EQ(process.read_until("ready"), "ready");
    const std::string pid = std::to_string(process.pid());
    const CliResult refused = run_cli({"kill", pid, "name=sleeper", "--how", "vanish"});
    EXPECT_EQ(refused.exit_code, 4) << refused;
    EXPECT_NE(refused.err.find("threadfault attach " + pid), std::string::npos) << refused;
    const std::string before = contents("/proc/" + pid + "/maps");
    const CliResult done =
        run_cli({"--json", "kill", pid, "name=sleeper", "--how", "vanish", "--attach"});
    EXPECT_EQ(done.text("outcome"), "ended") << done;
    EXPECT_TRUE(eventually([&] { return guardian_of(process.pid()) == 0; }));
    EXPECT_EQ(run_cli({"detach", pid}).exit_code, 4);
}

// As a container's: its own numbers of processes, its own mounts, its own users.
TEST(Attaching, WorksIntoOtherNamespaces) {
    Process outer({"unshare", "-Urmpf", "--mount-proc", ATTACH_TARGET});
    const auto said = outer.read_until("ready");
    if (said != "ready") GTEST_SKIP() << "no namespaces here: " << outer.errors();
    const std::string task = std::to_string(outer.pid());
    const std::string pid = [&] {
        std::string child;
        std::istringstream(contents("/proc/" + task + "/task/" + task + "/children")) >> child;
        return child;
    }();
    ASSERT_FALSE(pid.empty());
    const pid_t inner = std::stoi(pid);
    const auto command = [&](std::initializer_list<std::string> words) {
        Names all = {"--json"};
        all.insert(all.end(), words.begin(), words.end());
        return run_cli(all);
    };
    const CliResult attached = command({"attach", pid});
    ASSERT_EQ(attached.exit_code, 0) << attached;
    const CliResult list = command({"ps", pid});
    EXPECT_NE(list.out.find("sleep_for_ever"), std::string::npos) << list;
    EXPECT_EQ(command({"freeze", pid, "name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command({"thaw", pid, "name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command({"kill", pid, "name=sleeper", "--how", "exit"}).text("outcome"), "ended");
    EXPECT_EQ(command({"kill", pid, "name=spinner", "--how", "vanish"}).text("outcome"), "ended");
    EXPECT_EQ(command({"detach", pid}).exit_code, 0);
    kill(inner, SIGKILL);
}

TEST(Attaching, IsRefusedBeforehand) {
    Process process({ATTACH_TARGET});
    ASSERT_EQ(process.read_until("ready"), "ready");
    const std::string pid = std::to_string(process.pid());
    process.send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(process.pid(), process.pid()) == 'T'; }));
    const CliResult stopped = run_cli({"attach", pid});
    EXPECT_EQ(stopped.exit_code, 6) << stopped;
    EXPECT_NE(stopped.err.find("stopped"), std::string::npos) << stopped;
    process.send_signal(SIGCONT);
    EXPECT_EQ(run_cli({"attach", "999999999"}).exit_code, 3);
}

}  // namespace
}  // namespace threadfault::test
