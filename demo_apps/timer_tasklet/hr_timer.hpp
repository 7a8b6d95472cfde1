// High-resolution timers and the thread "tick" that fires them.
#ifndef TIMER_TASKLET_HR_TIMER_HPP
#define TIMER_TASKLET_HR_TIMER_HPP

#include <cstdint>
#include <vector>

#include "watched_thread.hpp"

// From a member to the object that it is embedded in.
#define CONTAINER_OF(object, Type, member) \
    (*reinterpret_cast<Type*>(reinterpret_cast<char*>(&(object)) - offsetof(Type, member)))

namespace timer_tasklet {

// To be embedded in the object that uses it. Its whole state is one number: a thread that dies
// between two instructions leaves it before or after a firing, never within.
struct HrTimer {
    // Hard context: everything else waits meanwhile. Runs twice for one firing if the tick thread
    // is lost in it.
    using Handler = void (*)(HrTimer&, std::uint64_t number, Clock::time_point due);

    Handler handler = nullptr;
    Clock::time_point first;
    Clock::duration period{0};
    std::uint64_t limit = 0;  // firings
    std::atomic<std::uint64_t> fired{0};

    bool over() const { return fired.load(std::memory_order_relaxed) >= limit; }
    Clock::time_point due() const {
        return first + period * static_cast<Clock::rep>(fired.load(std::memory_order_relaxed));
    }
};

class TimerQueue {
public:
    TimerQueue();
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;
    ~TimerQueue();

    void add(HrTimer& timer) { timers_.push_back(&timer); }  // before start()
    void start() { tick_.start(); }
    void stop();
    WatchedThread& thread() { return tick_; }

private:
    void run();
    void fire_due();
    void arm(Clock::time_point at);

    const int descriptor_;
    std::atomic<bool> stopping_{false};
    std::vector<HrTimer*> timers_;
    WatchedThread tick_{"tick", [this] { run(); }};
};

}  // namespace timer_tasklet

#endif  // TIMER_TASKLET_HR_TIMER_HPP
