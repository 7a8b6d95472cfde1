// What the command line says.
#ifndef TIMER_TASKLET_OPTIONS_HPP
#define TIMER_TASKLET_OPTIONS_HPP

#include <chrono>

namespace timer_tasklet {

struct Options {
    bool robust = false;
    unsigned timers = 4;
    std::chrono::nanoseconds period = std::chrono::milliseconds(10);
    std::chrono::nanoseconds work = std::chrono::microseconds(500);
    std::chrono::nanoseconds workload{0};  // 0: compare both ways
};

// Ends the process after --help (0) and after a usage error (2).
Options parse_options(int argc, char** argv);

}  // namespace timer_tasklet

#endif  // TIMER_TASKLET_OPTIONS_HPP
