// The C++ library's threads: results, exceptions, thread_local, stop tokens, errors.
#include "say.hpp"

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

static thread_local int counter = 7;

static int add(int a, int b) {
    return a + b + counter++;
}

int main() {
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 20; ++i)
        threads.emplace_back([&sum, i] { sum += i; });
    for (auto& thread : threads)
        thread.join();
    say("sum %d", sum.load());

    std::mutex mutex;
    std::condition_variable_any condition;
    {
        std::jthread stoppable([&](const std::stop_token& token) {
            std::unique_lock lock(mutex);
            const bool met = condition.wait(lock, token, [] { return false; });
            say("stopped, predicate %d", met);
        });
    }
    auto sum_later = std::async(std::launch::async, add, 1, 2);
    say("async %d", sum_later.get());
    auto throws =
        std::async(std::launch::async, []() -> int { throw std::runtime_error("thrown"); });
    try {
        throws.get();
    } catch (const std::exception& error) {
        say("caught %s", error.what());
    }
    std::packaged_task<int(int, int)> task(add);
    auto future = task.get_future();
    std::thread(std::move(task), 3, 4).detach();
    say("detached %d", future.get());
    std::once_flag once;
    int calls = 0;
    std::call_once(once, [&] { ++calls; });
    std::call_once(once, [&] { ++calls; });
    say("once %d, own counter %d", calls, counter);
    std::thread mover([] {});
    std::thread moved = std::move(mover);
    say("joinable %d %d", mover.joinable(), moved.joinable());
    moved.join();
    try {
        moved.join();
    } catch (const std::system_error& error) {
        say("join twice: %d", error.code().value());
    }
}
