// Work put off from hard context, and the thread "soft-worker" that does it.
#ifndef TIMER_TASKLET_TASKLET_HPP
#define TIMER_TASKLET_TASKLET_HPP

#include <semaphore.h>

#include <cstddef>

#include "hr_timer.hpp"

namespace timer_tasklet {

struct Tasklet {
    using Function = void (*)(Tasklet&, std::uint64_t number);

    Function function = nullptr;
    // Two absolute numbers instead of a list: setting one twice to the same value does no harm, and
    // no death can leave a link half made.
    std::atomic<std::uint64_t> wanted{0};
    std::atomic<std::uint64_t> done{0};

    std::uint64_t backlog() const {
        const std::uint64_t finished = done.load(std::memory_order_acquire);
        return wanted.load(std::memory_order_acquire) - finished;
    }
};

class SoftWorker {
public:
    SoftWorker() { sem_init(&work_, 0, 0); }
    SoftWorker(const SoftWorker&) = delete;
    SoftWorker& operator=(const SoftWorker&) = delete;
    ~SoftWorker();

    void add(Tasklet& tasklet) { tasklets_.push_back(&tasklet); }  // before start()
    void start() { thread_.start(); }
    void stop();
    void wake() { sem_post(&work_); }
    WatchedThread& thread() { return thread_; }

private:
    void run();
    bool run_each_once();

    sem_t
        work_;  // a waiter that dies in it does no harm to it, as it would to a condition variable
    std::atomic<bool> stopping_{false};
    std::vector<Tasklet*> tasklets_;
    WatchedThread thread_{"soft-worker", [this] { run(); }};
};

// A timer whose handler only schedules its tasklet.
struct TaskletTimer {
    HrTimer timer;
    Tasklet tasklet;
    SoftWorker* worker = nullptr;

    void schedule(std::uint64_t number) {
        tasklet.wanted.store(number + 1, std::memory_order_release);
        worker->wake();
    }
};

}  // namespace timer_tasklet

#endif  // TIMER_TASKLET_TASKLET_HPP
