#include "workload.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <type_traits>

namespace timer_tasklet {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Indexed by the firing's number: doing one again overwrites, it does not count twice.
struct Firing {
    Clock::duration tick_late{0};
    Clock::duration work_late{0};
    std::uint64_t result = 0;
};

std::uint64_t expected_result(std::uint64_t task, std::uint64_t number) {
    return (task + 1) * 0x9e3779b97f4a7c15 ^ (number + 1);
}

struct PeriodicTask {
    TaskletTimer base;
    std::uint64_t index = 0;
    Clock::duration cost{0};
    std::vector<Firing> firings;

    void work(std::uint64_t number) {
        Firing& firing = firings[number];
        const auto begin = Clock::now();
        firing.work_late =
            begin - (base.timer.first + base.timer.period * static_cast<long>(number));
        while (Clock::now() - begin < cost) {
        }
        firing.result = expected_result(index, number);
    }
};
static_assert(std::is_standard_layout_v<PeriodicTask>, "CONTAINER_OF needs it");

PeriodicTask& task_of(HrTimer& timer) {
    auto& base = CONTAINER_OF(timer, TaskletTimer, timer);
    return CONTAINER_OF(base, PeriodicTask, base);
}

void tick_and_defer(HrTimer& timer, std::uint64_t number, Clock::time_point due) {
    PeriodicTask& task = task_of(timer);
    task.firings[number].tick_late = Clock::now() - due;
    task.base.schedule(number);
}

void tick_and_work(HrTimer& timer, std::uint64_t number, Clock::time_point due) {
    PeriodicTask& task = task_of(timer);
    task.firings[number].tick_late = Clock::now() - due;
    task.work(number);
    task.base.tasklet.wanted = number + 1;
    task.base.tasklet.done = number + 1;
}

void deferred_work(Tasklet& tasklet, std::uint64_t number) {
    auto& base = CONTAINER_OF(tasklet, TaskletTimer, tasklet);
    CONTAINER_OF(base, PeriodicTask, base).work(number);
}

Jitter jitter(const std::deque<PeriodicTask>& tasks, Clock::duration Firing::*late) {
    std::vector<Clock::duration> all;
    for (const PeriodicTask& task : tasks)
        for (const Firing& firing : task.firings)
            all.push_back(firing.*late);
    std::sort(all.begin(), all.end());
    return {all[all.size() / 2], all[all.size() * 99 / 100], all.back()};
}

bool all_correct(const std::deque<PeriodicTask>& tasks) {
    return std::all_of(tasks.begin(), tasks.end(), [](const PeriodicTask& task) {
        for (std::uint64_t i = 0; i < task.firings.size(); ++i)
            if (task.firings[i].result != expected_result(task.index, i)) return false;
        return true;
    });
}

// One line a half second, so that what goes wrong can be watched.
void print_progress(const std::deque<PeriodicTask>& tasks, Clock::time_point start) {
    std::uint64_t backlog = 0;
    auto timer_time = Clock::duration::max();
    for (const PeriodicTask& task : tasks) {
        backlog += task.base.tasklet.backlog();
        timer_time = std::min(timer_time, task.base.timer.due() - task.base.timer.first);
    }
    std::printf("  clock %5.1f s  timers %5.1f s  backlog %llu\n",
                duration<double>(Clock::now() - start).count(),
                duration<double>(timer_time).count(), static_cast<unsigned long long>(backlog));
}

void wait_until_done(const std::deque<PeriodicTask>& tasks, const Options& options,
                     TimerQueue& queue, SoftWorker& worker, Report& report) {
    const auto start = Clock::now();
    auto next_line = start;
    const auto done = [](const PeriodicTask& task) {
        return task.base.tasklet.done.load(std::memory_order_acquire) == task.firings.size();
    };
    while (!std::all_of(tasks.begin(), tasks.end(), done)) {
        if (Clock::now() >= next_line) {
            print_progress(tasks, start);
            next_line += milliseconds(500);
        }
        std::this_thread::sleep_for(milliseconds(10));
        if (!options.robust) continue;
        // The watchdog, and all that the modes differ in.
        if (worker.thread().replace_if_lost()) ++report.threads_replaced;
        if (queue.thread().replace_if_lost()) {
            ++report.threads_replaced;
            worker.wake();  // the dead tick may have put off work and not said so
        }
    }
    print_progress(tasks, start);
}

}  // namespace

Report run_workload(const Options& options, bool deferred, nanoseconds duration) {
    std::deque<PeriodicTask> tasks(options.timers);
    SoftWorker worker;
    TimerQueue queue;
    const auto first = Clock::now() + options.period;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        PeriodicTask& task = tasks[i];
        task.index = i;
        task.cost = options.work;
        task.firings.resize(static_cast<std::size_t>(std::max(1L, duration / options.period)));
        task.base.worker = &worker;
        task.base.tasklet.function = deferred_work;
        task.base.timer.handler = deferred ? tick_and_defer : tick_and_work;
        task.base.timer.first = first;
        task.base.timer.period = options.period;
        task.base.timer.limit = task.firings.size();
        queue.add(task.base.timer);
        worker.add(task.base.tasklet);
    }
    Report report;
    worker.start();
    queue.start();
    wait_until_done(tasks, options, queue, worker, report);
    queue.stop();
    worker.stop();
    report.tick = jitter(tasks, &Firing::tick_late);
    report.work = jitter(tasks, &Firing::work_late);
    report.correct = all_correct(tasks);
    return report;
}

}  // namespace timer_tasklet
