// Who may talk to an agent: the same user, and root.
#include "support/agent_socket.hpp"
#include "victim.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace threadfault::test {
namespace {

constexpr uid_t kOne = 12345;
constexpr uid_t kOther = 12346;

class OtherUser : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
        const CliResult result = run_cli({"--version"}, {.uid = kOther});
        if (result.exit_code != 0) GTEST_SKIP() << "the build tree is not readable for others";
    }
};

TEST_F(OtherUser, IsRefused) {
    Target target({TARGET_VICTIMS, "nanosleep"}, {.uid = kOne});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const CliResult refused =
        run_cli({"--json", "kill", target.pid_text(), "name=victim"}, {.uid = kOther});
    EXPECT_EQ(refused.exit_code, 5) << refused;
    EXPECT_EQ(refused.json.value("/error/code"_json_pointer, ""), "not_permitted") << refused;
    EXPECT_TRUE(task_named(target.pid(), "victim"));

    const CliResult same =
        run_cli({"--json", "kill", target.pid_text(), "name=victim"}, {.uid = kOne});
    EXPECT_EQ(same.exit_code, 0) << "the same user may: " << same;
    const CliResult root =
        run_cli({"--json", "kill", target.pid_text(), "name=bystander", "--first"});
    EXPECT_EQ(root.exit_code, 0) << "root may: " << root;
}

TEST_F(OtherUser, IsRefusedByRootsTarget) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const CliResult refused =
        run_cli({"--json", "kill", victim.target().pid_text(), "name=victim"}, {.uid = kOther});
    EXPECT_EQ(refused.exit_code, 5) << refused;
    EXPECT_TRUE(victim.lives());
}

// What everybody may read in /proc is shown, and said to be all.
TEST_F(OtherUser, SeesNamesStatesAndTimes) {
    Target target({TARGET_VICTIMS, "nanosleep"}, {.uid = kOne});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const CliResult seen = run_cli({"--json", "ps", target.pid_text()}, {.uid = kOther});
    EXPECT_EQ(seen.exit_code, 0) << seen;
    EXPECT_TRUE(seen.json["limited"].is_string()) << seen;
    EXPECT_EQ(seen.json["limited_code"], "not_permitted") << seen;
    bool found = false;
    for (const auto& thread : seen.json["threads"]) {
        if (thread["name"] != "victim") continue;
        found = true;
        EXPECT_EQ(thread["state"], "S") << seen;
        EXPECT_TRUE(thread["cpu_seconds"].is_number()) << seen;
        for (const char* const key : {"start", "pthread", "waiting_on", "syscall", "cancel"})
            EXPECT_TRUE(thread[key].is_null()) << key << ": " << seen;
    }
    EXPECT_TRUE(found) << seen;
    const CliResult text = run_cli({"ps", target.pid_text(), "name=victim"}, {.uid = kOther});
    EXPECT_EQ(text.exit_code, 0) << text;
    EXPECT_NE(text.out.find("can't be seen; run threadfault as root"), std::string::npos) << text;
    for (const char* const term : {"start=*", "waiting=mutex"}) {
        const CliResult asked = run_cli({"ps", target.pid_text(), term}, {.uid = kOther});
        EXPECT_EQ(asked.exit_code, 5) << term << ": " << asked;
    }
    EXPECT_TRUE(run_cli({"--json", "ps", target.pid_text()}).json["limited"].is_null());
}

// In a user namespace that number stands for all users that have none; elsewhere for one.
TEST_F(OtherUser, MayHaveTheNumberOfNobody) {
    constexpr uid_t kNobody = 65534;
    Target target({TARGET_VICTIMS, "nanosleep"}, {.uid = kNobody});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    const CliResult same =
        run_cli({"--json", "kill", target.pid_text(), "name=victim"}, {.uid = kNobody});
    EXPECT_EQ(same.exit_code, 0) << same;
}

// "Run as root" is no advice to root: here without the capability to look into other processes.
TEST_F(OtherUser, RootIsToldWhatItLacks) {
    if (!installed("setpriv")) GTEST_SKIP() << "no setpriv";
    Target target({TARGET_VICTIMS, "nanosleep"}, {.uid = kOne});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    for (const char* const command : {"locks", "doctor", "stack"}) {
        std::vector<std::string> line = cli_command({command, target.pid_text()});
        const std::vector<std::string> without = {"setpriv", "--bounding-set", "-sys_ptrace",
                                                  "--inh-caps", "-all"};
        line.insert(line.begin(), without.begin(), without.end());
        Process process(line, {});
        const auto exit = process.wait();
        ASSERT_TRUE(exit);
        const std::string said = process.output() + process.errors();
        EXPECT_EQ(said.find("as root"), std::string::npos) << command << ": " << said;
        if (std::string(command) == "stack") continue;  // it says of each thread what failed
        EXPECT_NE(said.find("CAP_SYS_PTRACE"), std::string::npos) << command << ": " << said;
    }
}

// The directory keeps others out. Whoever gets past it is refused by the agent itself: here a
// process of another effective uid that may ignore the permissions of directories.
int connect_as_other(const std::string& path) {
    if (seteuid(kOther) != 0) return 10;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (syscall(SYS_capget, &header, data) != 0) return 11;
    data[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].effective |= CAP_TO_MASK(CAP_DAC_OVERRIDE);
    if (syscall(SYS_capset, &header, data) != 0) return 12;
    AgentSocket socket(path);
    if (!socket.connected()) return 13;
    wire::Hello request;
    request.header = wire::make_header(wire::Type::hello, sizeof request, 1);
    socket.send(&request, sizeof request);
    const auto packet = socket.receive();
    if (!packet) return 14;
    if (packet->closed) return 0;
    wire::ErrorReply reply;
    if (packet->bytes.size() != sizeof reply) return 15;
    std::memcpy(&reply, packet->bytes.data(), sizeof reply);
    return reply.header.type == wire::Type::error && reply.code == wire::ErrorCode::not_permitted
               ? 0
               : 16;
}

TEST_F(OtherUser, IsRefusedByTheAgentBehindTheDirectory) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const std::string path = agent_socket_path(victim.pid(), geteuid());
    ASSERT_NE(path, "");
    const pid_t child = fork();
    if (child == 0) _exit(connect_as_other(path));
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(victim.target().command("ps").exit_code, 0);
}

}  // namespace
}  // namespace threadfault::test
