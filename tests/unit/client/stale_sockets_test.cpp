// What may be removed of the sockets in a directory, and what must stay.
#include "client/stale_sockets.hpp"

#include "fake_agent.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace threadfault::test {
namespace {

using namespace std::chrono_literals;
using client::remove_stale_sockets;

constexpr pid_t kNobody = 2'000'000'000;  // beyond what a kernel gives

class StaleSockets : public testing::Test {
protected:
    std::string path(pid_t pid) const { return directory_.socket_of(pid); }
    std::string leave(pid_t pid) const {
        close(listen_at(path(pid)));
        return path(pid);
    }
    std::size_t remove(std::chrono::seconds older_than = 0s) const {
        return remove_stale_sockets(std::filesystem::path(path(1)).parent_path(), older_than);
    }
    static bool exists(const std::string& path) {
        return std::filesystem::exists(std::filesystem::symlink_status(path));
    }

private:
    SocketDirectory directory_;
};

TEST_F(StaleSockets, OfNobodyAreRemoved) {
    const std::string one = leave(kNobody);
    const std::string other = leave(kNobody + 1);
    EXPECT_EQ(remove(), 2U);
    EXPECT_FALSE(exists(one) || exists(other));
    EXPECT_EQ(remove(), 0U);
}

// In another PID namespace, which shares the directory.
TEST_F(StaleSockets, StayWhereSomebodyListens) {
    const int listener = listen_at(path(kNobody));
    EXPECT_EQ(remove(), 0U);
    EXPECT_TRUE(exists(path(kNobody)));
    close(listener);
}

// Its backlog is full: to be sent away for that is no refusal.
TEST_F(StaleSockets, StayWhereSomebodyListensAndIsBusy) {
    const int listener = listen_at(path(kNobody));
    std::vector<int> clients;
    const auto fill = [&] {
        const int client = connect_at(path(kNobody));
        if (client >= 0) clients.push_back(client);
        return client >= 0;
    };
    while (fill()) {
    }
    ASSERT_EQ(errno, EAGAIN);
    EXPECT_EQ(remove(), 0U);
    EXPECT_TRUE(exists(path(kNobody)));
    for (const int client : clients)
        close(client);
    close(listener);
}

// It may be between its bind() and its listen().
TEST_F(StaleSockets, OfALivingProcessStay) {
    const std::string own = leave(getpid());
    EXPECT_EQ(remove(), 0U);
    EXPECT_TRUE(exists(own));
}

TEST_F(StaleSockets, ThatAreYoungStay) {
    const std::string young = leave(kNobody);
    EXPECT_EQ(remove(1h), 0U);
    EXPECT_TRUE(exists(young));
}

TEST_F(StaleSockets, WhatIsNoSocketStays) {
    const std::string file = path(kNobody);
    close(open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const std::string link = path(kNobody + 1);
    ASSERT_EQ(symlink(leave(getpid()).c_str(), link.c_str()), 0);
    EXPECT_EQ(remove(), 0U);
    EXPECT_TRUE(exists(file) && exists(link));
}

TEST_F(StaleSockets, StayInADirectoryThatIsNotOursAlone) {
    const std::string socket = leave(kNobody);
    const std::string directory = std::filesystem::path(socket).parent_path();
    const std::string link = directory + "-link";
    ASSERT_EQ(symlink(directory.c_str(), link.c_str()), 0);
    EXPECT_EQ(remove_stale_sockets(link, 0s), 0U);
    unlink(link.c_str());
    ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
    EXPECT_EQ(remove(), 0U);
    EXPECT_TRUE(exists(socket));
    if (geteuid() == 0) {
        ASSERT_EQ(chmod(directory.c_str(), 0700), 0);
        ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
        EXPECT_EQ(remove(), 0U) << "another user's";
        ASSERT_EQ(chown(directory.c_str(), 0, 0), 0);
        ASSERT_EQ(chown(socket.c_str(), 65534, 65534), 0);
        EXPECT_EQ(remove(), 0U) << "another user's socket in ours";
    }
    EXPECT_TRUE(exists(socket));
}

TEST(StaleSocketsOfNoDirectory, AreNone) {
    EXPECT_EQ(remove_stale_sockets("/nowhere/threadfault-0", 0s), 0U);
}

}  // namespace
}  // namespace threadfault::test
