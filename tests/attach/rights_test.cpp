// What stands in the way of attaching, said beforehand by `doctor`; and what is no obstacle.
#include "support/cli.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace threadfault::test {
namespace {

using Names = std::vector<std::string>;

class AttachRights : public testing::Test {
protected:
    void start(const Names& words = {ATTACH_TARGET}, const SpawnOptions& options = {}) {
        process_ = std::make_unique<Process>(words, options);
        ASSERT_EQ(process_->read_until("ready"), "ready") << process_->errors();
    }
    std::string pid() const { return std::to_string(process_->pid()); }
    CliResult command(Names words, const SpawnOptions& options = {}) const {
        words.insert(words.begin(), "--json");
        words.insert(words.begin() + 2, pid());
        return run_cli(words, options);
    }
    // Both say the same, one beforehand.
    void expect_refused(int exit_code, const std::string& says, const SpawnOptions& options = {}) {
        const CliResult doctor = command({"doctor"}, options);
        EXPECT_EQ(doctor.exit_code, 4) << doctor;
        ASSERT_TRUE(doctor.json["attach"].is_object()) << doctor;
        EXPECT_EQ(doctor.json["attach"]["possible"], false) << doctor;
        EXPECT_EQ(doctor.json["attach"]["exit_status"], exit_code) << doctor;
        EXPECT_NE(doctor.out.find(says), std::string::npos) << doctor;
        const CliResult attach = command({"attach"}, options);
        EXPECT_EQ(attach.exit_code, exit_code) << attach;
        EXPECT_NE(attach.err.find(says), std::string::npos) << attach;
        ASSERT_TRUE(attach.json.contains("error")) << attach;
        EXPECT_EQ(attach.json["error"]["code"], doctor.json["attach"]["code"]) << attach;
    }
    bool answers() {
        process_->write("\n");
        return process_->read_until("here").has_value();
    }

    std::unique_ptr<Process> process_;
};

TEST_F(AttachRights, AreThereForAPlainProcess) {
    ASSERT_NO_FATAL_FAILURE(start());
    const CliResult doctor = command({"doctor"});
    EXPECT_EQ(doctor.exit_code, 4) << "it has no agent yet: " << doctor;
    EXPECT_EQ(doctor.json["attach"]["possible"], true) << doctor;
    EXPECT_EQ(doctor.json["attach"]["exit_status"], 0) << doctor;
    EXPECT_NE(doctor.out.find("vanish, exit, cancel, async-cancel"), std::string::npos) << doctor;
    EXPECT_EQ(command({"attach"}).exit_code, 0);
    const CliResult attached = command({"doctor"});
    EXPECT_EQ(attached.exit_code, 0) << attached;
    EXPECT_EQ(attached.json["attach"], nullptr) << attached;
    EXPECT_EQ(command({"detach"}).exit_code, 0);
}

TEST_F(AttachRights, AStoppedProcess) {
    ASSERT_NO_FATAL_FAILURE(start());
    process_->send_signal(SIGSTOP);
    ASSERT_TRUE(eventually([&] { return task_state(process_->pid(), process_->pid()) == 'T'; }));
    expect_refused(6, "kill -CONT " + pid());
}

TEST_F(AttachRights, ATracedProcess) {
    ASSERT_NO_FATAL_FAILURE(start());
    if (ptrace(PTRACE_SEIZE, process_->pid(), nullptr, nullptr) != 0) {
        GTEST_SKIP() << "not permitted to trace";
    }
    expect_refused(5, "process " + std::to_string(getpid()) + " ");
}

TEST_F(AttachRights, AnotherUsersProcess) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    ASSERT_NO_FATAL_FAILURE(start());
    expect_refused(5, "run threadfault as root", {.uid = 65'534});
}

TEST_F(AttachRights, RootOfAContainerWithoutTheCapability) {
    if (geteuid() != 0 || !installed("setpriv")) GTEST_SKIP() << "needs root and setpriv";
    ASSERT_NO_FATAL_FAILURE(start());
    Names words = cli_command({"attach", pid()});
    words.insert(words.begin(), {"setpriv", "--bounding-set", "-sys_ptrace"});
    Process attach(words);
    const auto end = attach.wait();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->status(), 5) << attach.errors();
    EXPECT_NE(attach.errors().find("docker run --cap-add SYS_PTRACE"), std::string::npos)
        << attach.errors();
}

// ptrace(2) suspends a filter for root alone.
TEST_F(AttachRights, AFilterOfItsOwnStopsAUser) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    ASSERT_NO_FATAL_FAILURE(start({ATTACH_FILTERED, "futex"}, {.uid = 65'534}));
    expect_refused(4, "seccomp filter", {.uid = 65'534});
    EXPECT_TRUE(answers());
}

TEST_F(AttachRights, AFilterIsSuspendedByRoot) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_NO_FATAL_FAILURE(start({ATTACH_FILTERED, "futex"}));
    if (command({"doctor"}).json["attach"]["possible"] != true) {
        GTEST_SKIP() << "no filter can be suspended here";
    }
    const CliResult attached = command({"attach"});
    ASSERT_EQ(attached.exit_code, 0) << attached;
    EXPECT_EQ(command({"freeze", "name=first"}).text("outcome"), "done");
    EXPECT_TRUE(answers());
    EXPECT_EQ(command({"thaw", "name=first"}).text("outcome"), "done");
    EXPECT_EQ(command({"kill", "name=second", "--how", "vanish"}).text("outcome"), "ended");
    const CliResult exit = command({"kill", "name=first", "--how", "exit"});
    EXPECT_EQ(exit.text("outcome"), "refused") << exit;
    EXPECT_EQ(exit.text("reason_code"), "seccomp") << "how threads end is not on its list";
    EXPECT_EQ(command({"detach"}).exit_code, 0);
    EXPECT_TRUE(answers());
    EXPECT_NE(task_named(process_->pid(), "first"), std::nullopt);
}

TEST_F(AttachRights, AThreadIsNotHeldWhereThatWouldBeTheEnd) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_NO_FATAL_FAILURE(start({ATTACH_FILTERED, "bare"}));
    if (command({"doctor"}).json["attach"]["possible"] != true) {
        GTEST_SKIP() << "no filter can be suspended here";
    }
    ASSERT_EQ(command({"attach"}).exit_code, 0);
    for (const Names& words : {Names{"freeze", "name=first"}, Names{"delay", "name=first", "10ms"},
                               Names{"slow", "name=first", "--to", "50%"}}) {
        const CliResult refused = command(words);
        EXPECT_EQ(refused.exit_code, 6) << refused;
        EXPECT_EQ(refused.text("reason_code"), "seccomp") << refused;
    }
    EXPECT_EQ(command({"spin", "name=first", "10ms"}).text("outcome"), "done");
    EXPECT_EQ(command({"kill", "name=second", "--how", "vanish"}).text("outcome"), "ended");
    EXPECT_EQ(command({"detach"}).exit_code, 0);
    EXPECT_TRUE(answers());
}

#ifdef ATTACH_BARE
TEST_F(AttachRights, AThreadWithoutRoomOnItsStack) {
    ASSERT_NO_FATAL_FAILURE(start({ATTACH_BARE}));
    for (int i = 0; i < 3; ++i) {
        const CliResult attached = command({"attach"});
        ASSERT_EQ(attached.exit_code, 0) << attached;
        EXPECT_EQ(command({"freeze", "main"}).text("outcome"), "done");
        EXPECT_EQ(command({"thaw", "main"}).text("outcome"), "done");
        EXPECT_EQ(command({"kill", "main", "--how", "exit"}).text("reason_code"), "no-unwinder");
        EXPECT_EQ(command({"detach"}).exit_code, 0);
        EXPECT_TRUE(process_->running()) << "no call returned early";
    }
}
#endif

#ifdef ATTACH_BARE32
TEST_F(AttachRights, A32BitProgram) {
    ASSERT_NO_FATAL_FAILURE(start({ATTACH_BARE32}));
    expect_refused(4, "it is a 32-bit program");
    const CliResult list = command({"ps"});
    EXPECT_EQ(list.exit_code, 0) << list;
    const CliResult killed = command({"kill", "main"});
    EXPECT_EQ(killed.exit_code, 4) << killed;
    EXPECT_NE(killed.err.find("is a 32-bit program"), std::string::npos) << killed;
    EXPECT_EQ(killed.err.find("threadfault attach"), std::string::npos) << killed;
    EXPECT_EQ(command({"signal", "main", "CONT"}).text("outcome"), "done");
    EXPECT_EQ(command({"demote", "main", "--nice", "5"}).text("outcome"), "done");
}
#endif

// As a container's process: its own numbers, users and root, in which libraries and the program lie
// that can't be seen from here by their names.
class OwnRoot {
public:
    OwnRoot()
        : path_(std::filesystem::temp_directory_path() /
                ("threadfault-root-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_ / "proc");
        std::filesystem::create_directories(path_ / "app");
        std::filesystem::copy_file(ATTACH_TARGET, path_ / "app" / "worker");
        Process libraries({"ldd", ATTACH_TARGET});
        libraries.wait();
        std::istringstream words(libraries.output());
        for (std::string word; words >> word;)
            if (word.front() == '/') add(word);
        for (const char* place : {"/lib/x86_64-linux-gnu/", "/lib64/", "/usr/lib/"})
            add(std::string(place) + "libgcc_s.so.1");
    }
    ~OwnRoot() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    OwnRoot(const OwnRoot&) = delete;
    OwnRoot& operator=(const OwnRoot&) = delete;
    std::string path() const { return path_; }

private:
    void add(const std::string& file) const {
        std::error_code error;
        const std::filesystem::path to = path_ / file.substr(1);
        std::filesystem::create_directories(to.parent_path(), error);
        std::filesystem::copy_file(file, to, error);
    }
    std::filesystem::path path_;
};

TEST(AttachingFromOutside, ReachesAProcessWithItsOwnRoot) {
    const OwnRoot root;
    Process outer({"unshare", "-Urmpf", "--mount-proc", "--root=" + root.path(), "/app/worker"});
    if (outer.read_until("ready") != "ready") {
        GTEST_SKIP() << "no such namespaces here: " << outer.errors();
    }
    std::string pid;
    const std::string task = std::to_string(outer.pid());
    std::ifstream("/proc/" + task + "/task/" + task + "/children") >> pid;
    ASSERT_FALSE(pid.empty());
    const auto command = [&](Names words) {
        words.insert(words.begin(), "--json");
        words.insert(words.begin() + 2, pid);
        return run_cli(words);
    };
    ASSERT_FALSE(std::filesystem::exists("/app/worker"));
    EXPECT_EQ(command({"doctor"}).json["attach"]["possible"], true);
    const CliResult attached = command({"attach"});
    ASSERT_EQ(attached.exit_code, 0) << attached;
    for (const Names& words : {Names{"ps"}, Names{"stack", "name=sleeper"}}) {
        const CliResult seen = command(words);
        EXPECT_NE(seen.out.find("sleep_for_ever"), std::string::npos) << words[0] << seen;
    }
    const CliResult locks = command({"locks"});
    EXPECT_EQ(locks.exit_code, 0) << locks;
    EXPECT_NE(locks.out.find("never"), std::string::npos) << "the semaphore's name: " << locks;
    EXPECT_EQ(command({"freeze", "name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command({"thaw", "name=stepper"}).text("outcome"), "done");
    EXPECT_EQ(command({"kill", "name=sleeper", "--how", "exit"}).text("outcome"), "ended");
    EXPECT_EQ(command({"kill", "name=spinner", "--how", "vanish"}).text("outcome"), "ended");
    const CliResult watch = command({"watch", "--for", "10ms"});
    EXPECT_EQ(watch.exit_code, 0) << watch;
    EXPECT_EQ(command({"detach"}).exit_code, 0);
    kill(std::stoi(pid), SIGKILL);
}

}  // namespace
}  // namespace threadfault::test
