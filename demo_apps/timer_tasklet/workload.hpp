// Periodic tasks that cost time, with what came of each firing.
#ifndef TIMER_TASKLET_WORKLOAD_HPP
#define TIMER_TASKLET_WORKLOAD_HPP

#include "options.hpp"
#include "tasklet.hpp"

namespace timer_tasklet {

struct Jitter {
    std::chrono::nanoseconds median{0};
    std::chrono::nanoseconds p99{0};
    std::chrono::nanoseconds max{0};
};

struct Report {
    Jitter tick;          // from the time due to the handler
    Jitter work;          // from the time due to the work's begin
    bool correct = true;  // every firing had its work, with the right result
    unsigned threads_replaced = 0;
};

// Runs the tasks for `duration`, with the work deferred to the soft worker or done by the handler.
// Returns when all work is done: in fragile mode, with a thread lost, never.
Report run_workload(const Options& options, bool deferred, std::chrono::nanoseconds duration);

}  // namespace timer_tasklet

#endif  // TIMER_TASKLET_WORKLOAD_HPP
