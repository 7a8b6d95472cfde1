// A client that dies leaves nothing behind that does not end by itself, or at a word of the next
// one.
#include "counters.hpp"
#include "support/agent_socket.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

namespace threadfault::test {
namespace {

class LostClient : public Faults {
protected:
    bool frozen(const std::string& name) { return in_force(name) == Names{"freeze"}; }

    // Nothing is in force any more, and whoever counts goes on.
    void expect_all_well() {
        for (const char* name : {"spinner", "locker", "sleeper", "reader"})
            EXPECT_TRUE(eventually([&] { return in_force(name).empty(); })) << name;
        for (const Counter counter : {kSpinner, kLocker, kSleeper})
            EXPECT_TRUE(goes_on(counter)) << counter;
    }

    void expect_thaw_works() {
        const CliResult thawed = target_.command("thaw", {"--all"});
        EXPECT_EQ(thawed.exit_code, 0) << thawed;
        expect_all_well();
    }
};

TEST_F(LostClient, KilledWhileItFreezesTheThreadThawsByItself) {
    for (int round = 0; round < 6; round++) {
        Process client(cli_command({"freeze", target_.pid_text(), "name=spinner", "--for", "1s"}));
        // At its very beginning, and when the thread stands.
        if (round % 2 == 1) {
            ASSERT_TRUE(eventually([&] { return frozen("spinner") || !client.running(); }));
        }
        client.send_signal(SIGKILL);
        ASSERT_TRUE(client.wait());
    }
    expect_all_well();
    expect_thaw_works();
}

// Three hundred cancellations that the victim never comes to act upon, all of them waited for.
TEST_F(LostClient, AGreedyOneDoesNotLockOutOthers) {
    const std::string path = agent_socket_path(target_.pid(), geteuid());
    AgentSocket greedy(path);
    ASSERT_TRUE(greedy.hello());
    wire::FaultRequest request;
    request.header = wire::make_header(wire::Type::fault, sizeof request, 7);
    request.fault = wire::Fault::cancel;
    request.tid = tid("spinner");
    request.wait_ns = std::chrono::nanoseconds(std::chrono::hours(1)).count();
    std::atomic<bool> stop{false};
    std::thread asking([&] {
        for (int i = 0; i < 300 && !stop; i++) {
            while (!greedy.send(&request, sizeof request) && !stop)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    // As soon as nothing of it is answered any more, it has what it can get.
    EXPECT_FALSE(greedy.receive(std::chrono::milliseconds(300)));
    AgentSocket other(path);
    EXPECT_TRUE(other.hello());
    EXPECT_TRUE(other.list());
    wire::FaultRequest poke;
    poke.header = wire::make_header(wire::Type::fault, sizeof poke, 8);
    poke.fault = wire::Fault::interrupt;
    poke.tid = tid("sleeper");
    poke.wait_ns = std::chrono::nanoseconds(std::chrono::seconds(1)).count();
    const auto reply = other.fault(poke);
    EXPECT_TRUE(reply && reply->outcome == wire::FaultOutcome::done);
    stop = true;
    target_.process().send_signal(SIGKILL);
    asking.join();
}

// It has asked, and is gone before it could be told.
TEST_F(LostClient, GoneBeforeTheAnswer) {
    const std::string path = agent_socket_path(target_.pid(), geteuid());
    const auto ask_and_go = [&](std::chrono::nanoseconds duration) {
        AgentSocket socket(path);
        ASSERT_TRUE(socket.hello());
        wire::FaultRequest request;
        request.header = wire::make_header(wire::Type::fault, sizeof request, 7);
        request.fault = wire::Fault::freeze;
        request.tid = tid("spinner");
        request.duration_ns = duration.count();
        request.wait_ns = std::chrono::nanoseconds(std::chrono::hours(1)).count();
        ASSERT_TRUE(socket.send(&request, sizeof request));
    };
    for (int round = 0; round < 20; round++)
        ASSERT_NO_FATAL_FAILURE(ask_and_go(std::chrono::milliseconds(50)));
    expect_all_well();
    // For ever: frozen or not, whoever comes next can let it go.
    ASSERT_NO_FATAL_FAILURE(ask_and_go(std::chrono::nanoseconds(0)));
    expect_thaw_works();
}

TEST_F(LostClient, AStormThatIsKilledLeavesWhatEndsByItself) {
    const std::string journal = testing::TempDir() + "lost-storm-" + target_.pid_text();
    Process storm(cli_command({"storm", target_.pid_text(), "--faults", "freeze=500ms", "--every",
                               "5ms", "--for", "1h", "--seed", "7", "--journal", journal}));
    ASSERT_TRUE(eventually([&] { return frozen("spinner") || frozen("locker"); }))
        << storm.errors();
    storm.send_signal(SIGKILL);
    ASSERT_TRUE(storm.wait());
    expect_all_well();
    expect_thaw_works();
    std::remove(journal.c_str());
}

TEST_F(LostClient, TheTargetExitsWithWhatItLeftFrozen) {
    for (const char* name : {"spinner", "locker", "sleeper", "reader"}) {
        Process client(cli_command(
            {"freeze", target_.pid_text(), std::string("name=") + name, "--for", "1h"}));
        ASSERT_TRUE(eventually([&] { return frozen(name); })) << client.errors();
        client.send_signal(SIGKILL);
        ASSERT_TRUE(client.wait());
    }
    target_.process().write("quit\n");
    const auto exit = target_.process().wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0);
}

}  // namespace
}  // namespace threadfault::test
