#include "hr_timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace timer_tasklet {

TimerQueue::TimerQueue() : descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

TimerQueue::~TimerQueue() {
    stop();
    close(descriptor_);
}

void TimerQueue::stop() {
    stopping_ = true;
    arm(Clock::time_point(std::chrono::nanoseconds(1)));  // long ago: the tick wakes up
    tick_.join();
}

// A successor begins here too. Nothing was remembered but what the timers themselves know.
void TimerQueue::run() {
    while (true) {
        auto next = Clock::time_point::max();
        for (const HrTimer* timer : timers_)
            if (!timer->over()) next = std::min(next, timer->due());
        arm(next);
        if (stopping_) return;  // asked after arming, so that stop()'s arming is not undone
        std::uint64_t expirations = 0;
        (void)!read(descriptor_, &expirations, sizeof expirations);
        fire_due();
    }
}

void TimerQueue::fire_due() {
    for (HrTimer* timer : timers_) {
        while (!stopping_ && !timer->over() && timer->due() <= Clock::now()) {
            const std::uint64_t number = timer->fired.load(std::memory_order_relaxed);
            timer->handler(*timer, number, timer->due());
            timer->fired.store(number + 1, std::memory_order_release);
        }
    }
}

void TimerQueue::arm(Clock::time_point at) {
    itimerspec time{};  // zero disarms
    if (at != Clock::time_point::max()) {
        const auto since = std::chrono::nanoseconds(at.time_since_epoch()).count();
        time.it_value = {since / 1'000'000'000, since % 1'000'000'000};
    }
    timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &time, nullptr);
}

}  // namespace timer_tasklet
