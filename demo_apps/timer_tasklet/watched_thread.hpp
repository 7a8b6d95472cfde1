// A thread whose loss can be noticed and made good.
#ifndef TIMER_TASKLET_WATCHED_THREAD_HPP
#define TIMER_TASKLET_WATCHED_THREAD_HPP

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace timer_tasklet {

using Clock = std::chrono::steady_clock;

// The body must keep its state outside its stack, in such a way that a second run of it goes on
// where the first was cut off.
class WatchedThread {
public:
    WatchedThread(const char* name, std::function<void()> body);

    void start();
    void join();
    // Starts the body anew if the kernel no longer knows the thread; true: it did.
    bool replace_if_lost();

private:
    void run();

    const char* const name_;
    const std::function<void()> body_;
    std::atomic<pid_t> owner_{0};  // who runs the body
    Clock::time_point started_at_;
    std::thread thread_;
};

}  // namespace timer_tasklet

#endif  // TIMER_TASKLET_WATCHED_THREAD_HPP
