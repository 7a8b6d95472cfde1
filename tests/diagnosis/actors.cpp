#include "actors.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>

namespace lock_target {
namespace {

template <typename Condition>
void wait_until(Condition condition) {
    while (!condition())
        usleep(1000);
}

struct Actor {
    std::string name;
    Action action;
    std::atomic<pid_t>* tid = nullptr;  // told before it acts, where somebody wants to know
};

void* act(void* argument) {
    const std::unique_ptr<Actor> actor(static_cast<Actor*>(argument));
    pthread_setname_np(pthread_self(), actor->name.c_str());
    if (actor->tid != nullptr) *actor->tid = static_cast<pid_t>(syscall(SYS_gettid));
    actor->action();
    return nullptr;
}

pthread_t start_told(const std::string& name, Action action, std::atomic<pid_t>* tid) {
    auto* actor = new Actor{name, std::move(action), tid};
    pthread_t thread{};
    pthread_create(&thread, nullptr, act, actor);
    return thread;
}

bool sleeps_in(long system_call, pid_t tid) {
    std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/syscall");
    long number = -1;
    return file >> number && number == system_call;
}

}  // namespace

pthread_t start(const std::string& name, Action action) {
    return start_told(name, std::move(action), nullptr);
}

void stay() {
    while (true)
        pause();
}

pthread_t hold(const std::string& name, Action take) {
    std::atomic<bool> taken{false};
    const pthread_t thread = start(name, [&taken, take = std::move(take)] {
        take();
        taken = true;
        stay();
    });
    wait_until([&] { return taken.load(); });
    return thread;
}

pthread_t block(const std::string& name, Action call) {
    return block_in(name, SYS_futex, std::move(call));
}

pthread_t block_in(const std::string& name, long system_call, Action call) {
    std::atomic<pid_t> tid{0};
    const pthread_t thread = start_told(name, std::move(call), &tid);
    wait_until([&] { return tid != 0 && sleeps_in(system_call, tid); });
    return thread;
}

pthread_t begin(const std::string& name, Action call) {
    std::atomic<pid_t> tid{0};
    const pthread_t thread = start_told(name, std::move(call), &tid);
    wait_until([&] { return tid != 0; });
    return thread;
}

std::vector<pthread_t> all_take_then(std::vector<Pair> pairs) {
    std::vector<std::atomic<pid_t>> tids(pairs.size());
    std::atomic<std::size_t> taken{0};
    std::atomic<bool> go{false};
    std::vector<pthread_t> threads;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        threads.push_back(start_told(
            pairs[i].name,
            [&taken, &go, pair = pairs[i]] {
                pair.take();
                ++taken;
                wait_until([&go] { return go.load(); });
                pair.then();
            },
            &tids[i]));
    }
    wait_until([&] { return taken == pairs.size(); });
    go = true;
    for (const auto& tid : tids)
        wait_until([&] { return sleeps_in(SYS_futex, tid); });
    return threads;
}

void say_ready() {
    std::puts("ready");
    std::fflush(stdout);
}

}  // namespace lock_target
