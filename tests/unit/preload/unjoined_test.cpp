// Who is waited for in pthread_join, as the kernel counts it.
#include "preload/base/libc_layout.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include <gnu/libc-version.h>

namespace threadfault::shim {
namespace {

using namespace std::chrono_literals;

// From 2.43 on it is never certain.
bool is_told() {
    return std::atoi(gnu_get_libc_version() + 2) < 43;
}

class Sleeper {
public:
    Sleeper() : thread_([this] { sleep(); }) {
        while (tid_.load() == 0)
            std::this_thread::yield();
    }
    ~Sleeper() {
        let_go();
        if (thread_.joinable()) thread_.join();
    }
    void let_go() {
        if (!let_go_.exchange(true)) may_end_.set_value();
    }
    void join() { thread_.join(); }
    bool is_unjoined() { return shim::is_unjoined(pthread_, tid_.load()); }
    bool is_unjoined_as(pid_t tid) { return shim::is_unjoined(pthread_, tid); }

private:
    void sleep() {
        pthread_ = pthread_self();
        tid_.store(gettid());
        may_end_.get_future().wait();
    }
    std::promise<void> may_end_;
    std::atomic<bool> let_go_{false};
    std::atomic<pid_t> tid_{0};
    pthread_t pthread_ = 0;
    std::thread thread_;
};

TEST(Unjoined, IsWhomNobodyWaitsFor) {
    learn_libc_layout();
    Sleeper sleeper;
    EXPECT_EQ(is_told(), sleeper.is_unjoined());
    EXPECT_FALSE(sleeper.is_unjoined_as(gettid())) << "another thread's number";
    EXPECT_FALSE(is_unjoined(0, gettid()));
}

TEST(Unjoined, IsNotWhomAThreadHasJoined) {
    learn_libc_layout();
    Sleeper sleeper;
    std::thread joiner([&] { sleeper.join(); });
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (sleeper.is_unjoined() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    // Asking wakes nobody and changes nothing.
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(sleeper.is_unjoined());
    sleeper.let_go();
    joiner.join();
}

}  // namespace
}  // namespace threadfault::shim
