// Where agents' sockets are looked for.
#include "client/find_agent.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace {

using namespace threadfault::client;
using threadfault::observe::TaskStatus;

TaskStatus status_of(uid_t real, uid_t effective, std::vector<pid_t> ns_pid = {4711}) {
    TaskStatus status;
    status.tgid = 4711;
    status.real_uid = real;
    status.effective_uid = effective;
    status.ns_pid = std::move(ns_pid);
    return status;
}

// A root directory to look below.
class Root {
public:
    Root() {
        char path[] = "/tmp/find-agent-test-XXXXXX";
        if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = path;
    }
    ~Root() { std::filesystem::remove_all(path_); }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    const std::string& path() const { return path_; }
    std::string directory(const std::string& name) const {
        std::filesystem::create_directories(path_ + name);
        return path_ + name;
    }
    void file(const std::string& name) const {
        close(open((path_ + name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }

private:
    std::string path_;
};

TEST(LikelySockets, BeginWithTheEffectiveUser) {
    EXPECT_EQ(likely_sockets("/proc/1/root", status_of(0, 0)),
              (std::vector<std::string>{"/proc/1/root/tmp/threadfault-0/4711.sock",
                                        "/proc/1/root/dev/shm/threadfault-0/4711.sock"}));
}

// A server that started as root and then became somebody else.
TEST(LikelySockets, KnowUsersThatTheProcessWas) {
    EXPECT_EQ(likely_sockets("", status_of(33, 1000)),
              (std::vector<std::string>{
                  "/tmp/threadfault-1000/4711.sock", "/dev/shm/threadfault-1000/4711.sock",
                  "/tmp/threadfault-33/4711.sock", "/dev/shm/threadfault-33/4711.sock",
                  "/tmp/threadfault-0/4711.sock", "/dev/shm/threadfault-0/4711.sock"}));
}

TEST(LikelySockets, UseThePidThatTheTargetSees) {
    const TaskStatus status = status_of(0, 0, {4711, 12, 1});
    EXPECT_EQ(inner_pid(status), 1);
    EXPECT_EQ(likely_sockets("", status).front(), "/tmp/threadfault-0/1.sock");
    EXPECT_EQ(inner_pid(status_of(0, 0, {})), 4711);
}

TEST(OtherSockets, AreInEveryDirectoryOfOurs) {
    const Root root;
    root.directory("/tmp/threadfault-0");
    root.directory("/tmp/threadfault-99");
    root.directory("/tmp/something-else");
    root.directory("/dev/shm/threadfault-7");
    // The likely ones are left out: they have been tried.
    EXPECT_EQ(other_sockets(root.path(), status_of(0, 0)),
              (std::vector<std::string>{root.path() + "/dev/shm/threadfault-7/4711.sock",
                                        root.path() + "/tmp/threadfault-99/4711.sock"}));
}

TEST(OtherSockets, OfAnEmptyRootAreNone) {
    const Root root;
    EXPECT_TRUE(socket_directories(root.path()).empty());
    EXPECT_TRUE(other_sockets(root.path(), status_of(0, 0)).empty());
    EXPECT_TRUE(socket_directories("/nonexistent").empty());
}

TEST(SocketsIn, ReadsPidsAndNothingElse) {
    const Root root;
    for (const char* name :
         {"/12.sock", "/4711.sock", "/x.sock", "/-3.sock", "/0.sock", "/12x.sock",
          "/99999999999.sock", "/13", "/77.lock", "/.sock", "/ 5.sock"}) {
        root.file(name);
    }
    std::vector<pid_t> pids = sockets_in(root.path());
    std::sort(pids.begin(), pids.end());
    EXPECT_EQ(pids, (std::vector<pid_t>{12, 4711}));
    EXPECT_TRUE(sockets_in("/nonexistent").empty());
}

}  // namespace
