// Real programs: one of their threads ends in each of the four ways, the others go on.
#include "server.hpp"
#include "support/line_client.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace threadfault::test {
namespace {

std::ptrdiff_t count_of(const std::vector<std::string>& names, const std::string& prefix) {
    return std::count_if(names.begin(), names.end(),
                         [&](const std::string& name) { return name.starts_with(prefix); });
}

void expect_killed(const Target& target, const std::string& selector, const std::string& how) {
    const CliResult result =
        target.command("kill", {selector, "--first", "--how", how, "--wait", "20s"});
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.text("outcome"), "ended") << result;
}

class Servers : public testing::TestWithParam<const char*> {};

TEST_P(Servers, Memcached) {
    if (!installed("memcached")) GTEST_SKIP() << "memcached is not installed";
    int port = 0;
    const auto server = start_server(memcached_command, &port);
    ASSERT_TRUE(server);
    EXPECT_EQ(count_of(server->thread_names(), "mc-worker"), 4);

    // Connections go to the workers in turn: eight are two each.
    std::vector<LineClient> clients;
    for (int i = 0; i < 8; i++) {
        clients.emplace_back(port);
        ASSERT_TRUE(memcached_serves(clients.back(), "before"));
    }
    expect_killed(*server, "name=mc-worker", GetParam());
    EXPECT_EQ(count_of(server->thread_names(), "mc-worker"), 3);

    std::vector<bool> answered(clients.size());
    for (LineClient& client : clients)
        client.send("version\r\n");
    const auto count = [&] {
        for (std::size_t i = 0; i < clients.size(); i++) {
            if (!answered[i])
                answered[i] = clients[i].read_line(std::chrono::seconds(0)).has_value();
        }
        return std::count(answered.begin(), answered.end(), true);
    };
    EXPECT_TRUE(eventually([&] { return count() >= 6; })) << count() << " of 8 are served";
    EXPECT_EQ(count(), 6) << "the dead worker's two are not";
    for (std::size_t i = 0; i < clients.size(); i++) {
        if (answered[i]) {
            EXPECT_TRUE(memcached_serves(clients[i], "after")) << i;
        }
    }
    EXPECT_TRUE(server->process().running());
}

TEST_P(Servers, Redis) {
    if (!installed("redis-server")) GTEST_SKIP() << "redis-server is not installed";
    int port = 0;
    const auto server = start_server(
        [](int p) {
            return std::vector<std::string>{
                "redis-server", "--port", std::to_string(p), "--bind", "127.0.0.1", "--save", "",
                "--io-threads", "4",      "--dir",           "/tmp"};
        },
        &port);
    ASSERT_TRUE(server);
    EXPECT_TRUE(eventually([&] { return count_of(server->thread_names(), "io_thd_") == 3; }));
    LineClient client(port);
    ASSERT_TRUE(redis_serves(client, "before"));
    expect_killed(*server, "name=io_thd_*", GetParam());
    EXPECT_EQ(count_of(server->thread_names(), "io_thd_"), 2);
    EXPECT_TRUE(redis_serves(client, "after"));
    LineClient newcomer(port);
    EXPECT_TRUE(redis_serves(newcomer, "newcomer"));
    EXPECT_TRUE(server->process().running());
}

constexpr const char* kPython = R"(
import sys, threading, time
counts = [0, 0, 0]
def work(i):
    while True:
        counts[i] += 1
        time.sleep(0.001)
for i in range(3):
    threading.Thread(target=work, args=(i,), daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    print("counts", *counts, flush=True)
)";

std::vector<long> counts_of(Target& target) {
    std::istringstream answer(target.ask("counts"));
    std::string word;
    std::vector<long> counts;
    answer >> word;
    for (long count = 0; answer >> count;)
        counts.push_back(count);
    return counts;
}

// Those of `indices` grow.
bool progress(Target& target, const std::vector<std::size_t>& indices) {
    const std::vector<long> before = counts_of(target);
    return eventually([&] {
        const std::vector<long> now = counts_of(target);
        return std::all_of(indices.begin(), indices.end(), [&](std::size_t i) {
            return i < now.size() && i < before.size() && now[i] > before[i];
        });
    });
}

TEST_P(Servers, PythonThreading) {
    if (!installed("python3")) GTEST_SKIP() << "python3 is not installed";
    Target target({"/usr/bin/python3", "-c", kPython});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    ASSERT_TRUE(progress(target, {0, 1, 2}));
    const CliResult result =
        target.command("kill", {"path=main/2", "--how", GetParam(), "--wait", "20s"});
    EXPECT_EQ(result.exit_code, 0) << result;
    const std::vector<long> dead = counts_of(target);
    EXPECT_TRUE(progress(target, {0, 2}));
    ASSERT_EQ(dead.size(), 3U);
    EXPECT_EQ(counts_of(target)[1], dead[1]) << "the victim is the thread that was meant";
}

TEST_P(Servers, StdThread) {
    Target target({TARGET_STD_THREADS});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    ASSERT_TRUE(progress(target, {0, 1, 2}));
    const CliResult listing = target.command("ps");
    for (const auto& thread : listing.json["threads"]) {
        if (thread.value("main", false)) continue;
        EXPECT_TRUE(thread["start"].is_string()) << thread;
    }
    expect_killed(target, "name=worker-1", GetParam());
    const std::vector<long> dead = counts_of(target);
    EXPECT_TRUE(progress(target, {0, 2}));
    ASSERT_EQ(dead.size(), 3U);
    EXPECT_EQ(counts_of(target)[1], dead[1]);
    const bool unwinds = std::string(GetParam()) != "vanish";
    EXPECT_EQ(target.process().output().find("dtor 1") != std::string::npos, unwinds);
}

INSTANTIATE_TEST_SUITE_P(Integration, Servers,
                         testing::Values("cancel", "async-cancel", "exit", "vanish"),
                         [](const auto& info) {
                             return info.param == std::string("async-cancel") ? "async_cancel"
                                                                              : info.param;
                         });

}  // namespace
}  // namespace threadfault::test
