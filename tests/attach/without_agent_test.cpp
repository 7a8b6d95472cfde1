// What can be done to a process that has no agent, and without attaching to it; and how it is named
// where its number is not known.
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/named_copy.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace threadfault::test {
namespace {

using Names = std::vector<std::string>;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class WithoutAgent : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(process_.read_until("ready"), "ready") << process_.errors();
        ASSERT_TRUE(eventually([&] {
            return tid("sleeper") != 0 && tid("stepper") != 0 &&
                   task_state(process_.pid(), tid("sleeper")) == 'S';
        }));
        maps_ = text_of("/proc/" + pid() + "/maps");
    }
    // Nothing was put into it.
    void TearDown() override {
        if (!process_.running()) return;
        EXPECT_EQ(text_of("/proc/" + pid() + "/maps"), maps_);
    }
    std::string pid() const { return std::to_string(process_.pid()); }
    pid_t tid(const std::string& name) const {
        return task_named(process_.pid(), name).value_or(0);
    }
    CliResult command(const std::string& name, Names arguments) const {
        arguments.insert(arguments.begin(), {"--json", name, pid()});
        return run_cli(arguments);
    }

    Process process_{Names{ATTACH_TARGET}};
    std::string maps_;
};

TEST_F(WithoutAgent, ASignalIsSent) {
    const CliResult sent = command("signal", {"name=sleeper", "WINCH"});
    EXPECT_EQ(sent.exit_code, 0) << sent;
    EXPECT_EQ(sent.text("outcome"), "done") << sent;
    Names keys;
    for (const auto& [key, value] : sent.json.items())
        keys.push_back(key);
    EXPECT_EQ(keys, (Names{"fault", "name", "outcome", "path", "pid", "reason", "reason_code",
                           "schema", "seconds", "tid"}))
        << "as with an agent";
    const CliResult queued = command("signal", {"name=stepper", "USR2"});
    EXPECT_EQ(queued.exit_code, 6) << queued;
    EXPECT_EQ(queued.text("reason_code"), "signal-blocked") << queued;
    const CliResult dead = command("signal", {"main", "SEGV"});
    EXPECT_EQ(dead.exit_code, 7) << dead;
    EXPECT_EQ(dead.text("outcome"), "target-died") << dead;
}

TEST_F(WithoutAgent, AStoppedProcessIsContinued) {
    process_.send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(process_.pid(), process_.pid()) == 'T'; }));
    const CliResult queued = command("signal", {"name=sleeper", "HUP"});
    EXPECT_EQ(queued.exit_code, 6) << queued;
    EXPECT_EQ(queued.text("reason_code"), "target-stopped") << queued;
    const CliResult sent = command("signal", {"main", "CONT"});
    EXPECT_NE(sent.exit_code, 6) << sent;
    EXPECT_TRUE(eventually([&] { return !process_.running(); })) << "SIGHUP was delivered";
}

TEST_F(WithoutAgent, AThreadIsDemoted) {
    const CliResult demoted = command("demote", {"name=stepper", "--nice", "7"});
    EXPECT_EQ(demoted.exit_code, 0) << demoted;
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(tid("stepper"))), 7);
    // Nobody is there who would undo it.
    const CliResult refused = command("demote", {"name=sleeper", "--nice", "7", "--for", "1s"});
    EXPECT_EQ(refused.exit_code, 4) << refused;
    EXPECT_NE(refused.err.find("--attach"), std::string::npos) << refused;
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(tid("sleeper"))), 0);
}

TEST_F(WithoutAgent, OnlyWhoMaySignalsAndDemotes) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    for (const Names& words :
         {Names{"signal", pid(), pid(), "WINCH"}, Names{"demote", pid(), pid(), "--nice", "3"}}) {
        const CliResult refused = run_cli(words, {.uid = 65'534});
        EXPECT_EQ(refused.exit_code, 5) << refused;
    }
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(process_.pid())), 0);
}

TEST_F(WithoutAgent, DeathsAreForeseen) {
    const CliResult foreseen =
        command("kill", {"name=sleeper", "--how", "exit", "--dry-run", "--attach"});
    EXPECT_EQ(foreseen.exit_code, 0) << foreseen;
    EXPECT_EQ(foreseen.text("forecast"), "ends") << foreseen;
    EXPECT_NE(foreseen.out.find("sleep_for_ever"), std::string::npos) << foreseen;
}

TEST_F(WithoutAgent, ThreadsAreChosen) {
    for (const Names& selector :
         {Names{"main"}, Names{"path=main"}, Names{"start=*sleep_for_ever*"},
          Names{"in=*sleep_for_ever*"}, Names{"waiting=sem"}, Names{"state=S", "--first"},
          Names{"name=s*,in=*wait_for_signal*"}}) {
        Names words = selector;
        words.emplace_back("WINCH");
        const CliResult sent = command("signal", words);
        EXPECT_EQ(sent.text("outcome"), "done") << selector.front() << sent;
    }
    const CliResult unknown = command("signal", {"path=main/3", "WINCH"});
    EXPECT_EQ(unknown.exit_code, 3) << unknown;
    EXPECT_NE(unknown.err.find("who created which thread"), std::string::npos) << unknown;
    const CliResult near = command("signal", {"name=sleper", "WINCH"});
    EXPECT_NE(near.err.find("did you mean name=sleeper?"), std::string::npos) << near;
}

TEST_F(WithoutAgent, WhatLooksLooks) {
    const CliResult list = command("ps", {});
    EXPECT_EQ(list.exit_code, 0) << list;
    EXPECT_NE(list.out.find("sleep_for_ever"), std::string::npos) << list;
    EXPECT_TRUE(list.json.contains("container")) << list;
    for (const Names& words :
         {Names{"stack", "name=sleeper"}, Names{"locks"}, Names{"watch", "--for", "10ms"}}) {
        const CliResult seen = command(words[0], Names(words.begin() + 1, words.end()));
        EXPECT_EQ(seen.exit_code, 0) << words[0] << seen;
    }
}

TEST(ProcessWithoutAgent, IsNamedByItsCommand) {
    const NamedCopy program(ATTACH_TARGET, "bare");
    Process process({program.path()});
    ASSERT_EQ(process.read_until("ready"), "ready");
    const std::string pid = std::to_string(process.pid());
    for (const Names& words :
         {Names{"kill", "--command", program.file(), "name=sleeper"},
          Names{"ps", "--command", program.file()},
          Names{"locks", "--descendants-of", pid, "--command", program.file()}}) {
        const CliResult refused = run_cli(words);
        EXPECT_EQ(refused.exit_code, 4) << refused;
        EXPECT_NE(refused.err.find("process " + pid), std::string::npos) << refused;
        EXPECT_NE(refused.err.find("is running, but is not a target"), std::string::npos)
            << refused;
        EXPECT_NE(refused.err.find("--attach"), std::string::npos) << refused;
    }
    const CliResult done = run_cli({"--json", "kill", "--command=" + program.file(), "name=sleeper",
                                    "--how", "vanish", "--attach"});
    EXPECT_EQ(done.text("outcome"), "ended") << done;
    const CliResult by_ancestor = run_cli(
        {"--json", "kill", "--descendants-of", pid, "name=waiter", "--how", "vanish", "--attach"});
    EXPECT_EQ(by_ancestor.text("outcome"), "ended") << by_ancestor;
    Process other({program.path()});
    ASSERT_EQ(other.read_until("ready"), "ready");
    const CliResult both =
        run_cli({"--json", "kill", "--command", program.file(), "name=spinner", "--attach"});
    EXPECT_EQ(both.exit_code, 3) << both;
    ASSERT_TRUE(both.json.contains("error")) << both;
    EXPECT_EQ(both.json["error"]["code"], "ambiguous_selector") << both;
    EXPECT_EQ(both.json["error"]["candidates"].size(), 2U) << both;
    EXPECT_NE(task_named(process.pid(), "spinner"), std::nullopt);
    const CliResult none =
        run_cli({"kill", "--command", "no-such-program", "name=spinner", "--attach"});
    EXPECT_EQ(none.exit_code, 3) << none;
    EXPECT_NE(none.err.find("no process matches"), std::string::npos) << none;
}

TEST(ProcessWithoutAgent, ItsRuntimeIsToldWithAForecast) {
    if (!installed("python3")) GTEST_SKIP() << "no python3 here";
    Process process({"python3", "-c",
                     "import threading, time\n"
                     "threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
                     "print('ready', flush=True)\n"
                     "time.sleep(1000)"});
    ASSERT_EQ(process.read_until("ready"), "ready") << process.errors();
    const Names words = {
        "kill",     std::to_string(process.pid()), "state=S", "--first", "--how", "vanish",
        "--dry-run"};
    const CliResult text = run_cli(words);
    EXPECT_EQ(text.exit_code, 0) << text;
    EXPECT_NE(text.out.find("CPython: "), std::string::npos) << text;
    Names as_json = words;
    as_json.insert(as_json.begin(), "--json");
    const CliResult told = run_cli(as_json);
    EXPECT_EQ(told.text("runtime"), "cpython") << told;
    EXPECT_NE(told.text("advice"), "") << told;
}

// Of a hierarchy that this test may write to, and takes away again.
class ControlGroup {
public:
    explicit ControlGroup(const std::string& name) {
        for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids",
                                 "/sys/fs/cgroup/freezer"}) {
            const std::string path = std::string(root) + "/" + name;
            std::error_code error;
            if (!std::filesystem::exists(std::string(root) + "/cgroup.procs", error)) continue;
            if (!std::filesystem::create_directory(path, error)) continue;
            path_ = path;
            return;
        }
    }
    ~ControlGroup() {
        if (!path_.empty()) eventually([&] { return rmdir(path_.c_str()) == 0; });
    }
    ControlGroup(const ControlGroup&) = delete;
    ControlGroup& operator=(const ControlGroup&) = delete;
    bool take(pid_t pid) const {
        if (path_.empty()) return false;
        std::ofstream file(path_ + "/cgroup.procs");
        file << pid << std::flush;
        return file.good();
    }

private:
    std::string path_;
};

TEST(ProcessWithoutAgent, IsNamedByItsContainer) {
    std::ostringstream id;
    id << std::hex << getpid();
    const std::string number = std::string(64 - id.str().size(), 'e') + id.str();
    const ControlGroup group("docker-" + number + ".scope");
    Process process({ATTACH_TARGET});
    ASSERT_EQ(process.read_until("ready"), "ready");
    if (!group.take(process.pid())) GTEST_SKIP() << "no control group can be made here";
    const std::string pid = std::to_string(process.pid());
    const CliResult threads = run_cli({"--json", "ps", pid});
    ASSERT_TRUE(threads.json["container"].is_object()) << threads;
    EXPECT_EQ(threads.json["container"]["runtime"], "docker") << threads;
    EXPECT_EQ(threads.json["container"]["id"], number) << threads;
    const CliResult refused = run_cli({"ps", "--container", number});
    EXPECT_EQ(refused.exit_code, 4) << refused;
    const CliResult attached = run_cli({"--json", "attach", "--container", number});
    EXPECT_EQ(attached.text("outcome"), "attached") << attached;
    const CliResult list = run_cli({"--json", "ps"});
    bool listed = false;
    for (const auto& target : list.json["targets"])
        if (target["pid"] == process.pid()) listed = target["container"]["id"] == number;
    EXPECT_TRUE(listed) << list;
    const CliResult table = run_cli({"ps"});
    EXPECT_NE(table.out.find("docker:" + number.substr(0, 12)), std::string::npos) << table;
    // A number of that many digits is no other one's.
    EXPECT_EQ(run_cli({"detach", "--container", number}).exit_code, 0);
    EXPECT_EQ(run_cli({"ps", "--container", "0123456789abcdef"}).exit_code, 3);
    EXPECT_EQ(run_cli({"ps", "--container"}).exit_code, 2);
}

}  // namespace
}  // namespace threadfault::test
