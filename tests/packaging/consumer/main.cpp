// Runs a function on another thread of this program.
#include <pthread.h>
#include <sys/types.h>
#include <unistd.h>
#include <threadfault/execute.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

int main() {
    std::atomic<pid_t> tid{0};
    std::atomic<bool> stop{false};
    std::thread worker([&] {
        tid = gettid();
        while (!stop)
            std::this_thread::yield();
    });
    while (tid == 0)
        std::this_thread::yield();

    pid_t ran_on = 0;
    const auto result = threadfault::execute_on_thread(
        tid.load(), [&] { ran_on = gettid(); }, std::chrono::seconds(10));
    stop = true;
    worker.join();
    std::printf("%s: ran on the %s thread\n", threadfault::to_string(result),
                ran_on == tid ? "chosen" : "wrong");
    return result == threadfault::ExecuteResult::done && ran_on == tid ? 0 : 1;
}
