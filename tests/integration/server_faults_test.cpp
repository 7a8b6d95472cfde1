// Real servers under faults that end nothing: a frozen worker, threads that can't be created.
#include "server.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace threadfault::test {
namespace {

// Every connection is one worker's; eight are two each.
TEST(ServerFaults, AFrozenWorkerStallsItsConnectionsAlone) {
    if (!installed("memcached")) GTEST_SKIP() << "memcached is not installed";
    int port = 0;
    const auto server = start_server(memcached_command, &port);
    ASSERT_TRUE(server);
    std::vector<LineClient> clients;
    for (int i = 0; i < 8; i++) {
        clients.emplace_back(port);
        ASSERT_TRUE(memcached_serves(clients.back(), "before"));
    }
    const CliResult frozen = server->command("freeze", {"name=mc-worker", "--first"});
    ASSERT_EQ(frozen.text("outcome"), "done") << frozen;
    std::vector<bool> answered(clients.size());
    for (LineClient& client : clients)
        client.send("version\r\n");
    const auto answers = [&] {
        for (std::size_t i = 0; i < clients.size(); i++) {
            if (!answered[i])
                answered[i] = clients[i].read_line(std::chrono::seconds(0)).has_value();
        }
        return std::count(answered.begin(), answered.end(), true);
    };
    EXPECT_TRUE(eventually([&] { return answers() == 6; })) << answers();
    // The others never notice: they are served all the time that the two stand still.
    for (int round = 0; round < 20; round++) {
        for (std::size_t i = 0; i < clients.size(); i++) {
            if (answered[i]) {
                ASSERT_TRUE(memcached_serves(clients[i], "while")) << i;
            }
        }
    }
    EXPECT_EQ(answers(), 6);
    const CliResult thawed = server->command("thaw", {std::to_string(frozen.json.value("tid", 0))});
    EXPECT_EQ(thawed.text("outcome"), "done") << thawed;
    EXPECT_TRUE(eventually([&] { return answers() == 8; })) << "the stalled ones resume";
    for (LineClient& client : clients)
        EXPECT_TRUE(memcached_serves(client, "after"));
}

std::vector<std::string> redis_command(int port) {
    return {"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1",
            "--save",       "",       "--io-threads",       "4",      "--dir",
            "/tmp"};
}

struct Creation {
    const char* when;
    const char* says;  // redis, before it ends with 1
};
class RedisWithoutAThread : public testing::TestWithParam<Creation> {};

TEST_P(RedisWithoutAThread, SaysSoAndEnds) {
    if (!installed("redis-server")) GTEST_SKIP() << "redis-server is not installed";
    std::vector<std::string> command = redis_command(free_tcp_port());
    command.insert(command.begin(),
                   {"run", "--inject",
                    std::string("pthread_create:error=EAGAIN:when=") + GetParam().when, "--"});
    const CliResult result = run_cli(command);
    EXPECT_EQ(result.exit_code, 1) << result;
    EXPECT_NE(result.out.find(GetParam().says), std::string::npos) << result;
}
INSTANTIATE_TEST_SUITE_P(Nth, RedisWithoutAThread,
                         testing::Values(Creation{"1", "Can't initialize Background Jobs"},
                                         Creation{"3", "Can't initialize Background Jobs"},
                                         Creation{"4", "Can't initialize IO thread"},
                                         Creation{"6", "Can't initialize IO thread"}),
                         [](const auto& info) { return std::string("create") + info.param.when; });

// One more than it makes: nothing is injected, and it serves.
TEST(RedisWithAllThreads, ServesWhenTheErrorNeverComes) {
    if (!installed("redis-server")) GTEST_SKIP() << "redis-server is not installed";
    const int port = free_tcp_port();
    std::vector<std::string> command = redis_command(port);
    command.insert(command.begin(),
                   {"run", "--inject", "pthread_create:error=EAGAIN:when=7", "--"});
    Process server(cli_command(command));
    EXPECT_TRUE(eventually([&] { return LineClient(port).connected(); })) << server.output();
    LineClient client(port);
    EXPECT_TRUE(redis_serves(client, "key"));
}

// It makes its threads in a child of its own, tries again, and tells how many it got.
TEST(StressNg, GoesOnWithFewerThreads) {
    if (!installed("stress-ng")) GTEST_SKIP() << "stress-ng is not installed";
    const auto stress = [](const std::vector<std::string>& inject) {
        std::vector<std::string> command = {"run"};
        command.insert(command.end(), inject.begin(), inject.end());
        command.insert(command.end(), {"--", "stress-ng", "--pthread", "1", "--pthread-ops", "20",
                                       "--metrics-brief"});
        return run_cli(command);
    };
    const CliResult without = stress({});
    EXPECT_EQ(without.exit_code, 0) << without;
    EXPECT_NE(without.err.find("100.00 % of"), std::string::npos) << without;
    const CliResult with = stress({"--inject", "pthread_create:error=EAGAIN:when=3"});
    EXPECT_EQ(with.exit_code, 0) << with;
    EXPECT_EQ(with.err.find("100.00 % of"), std::string::npos) << with;
    EXPECT_NE(with.err.find("successful run completed"), std::string::npos) << with;
}

}  // namespace
}  // namespace threadfault::test
