#include "observe/process.hpp"
#include "sweep/stage.hpp"
#include "sweep/trial.hpp"
#include "threadfault/error.hpp"

#include <signal.h>

#include <algorithm>

namespace threadfault::sweep {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;

nanoseconds in_time(double seconds) {
    return nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

double since(TimePoint begin) {
    return duration<double>(Clock::now() - begin).count();
}

// Has it a handler that could interrupt a wait? Those of its own errors don't count, nor do the
// real-time signals: two of them are ours.
bool handles_signals(pid_t pid) {
    constexpr std::uint64_t kFirst31 = (std::uint64_t{1} << 31U) - 1;
    std::uint64_t errors = 0;
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
        errors |= std::uint64_t{1} << (number - 1);
    try {
        const observe::Process process(pid);
        return (process.process_status().caught & kFirst31 & ~errors) != 0;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

Alone run_alone(const Setup& setup, const Patience& patience, bool service, nanoseconds longest,
                const PassageFile* file, const scenario::Stop& stop) {
    Alone alone;
    Stage stage(setup, file, stop);
    Running& running = stage.running();
    if (!service) {
        const TimePoint end = running.begin() + longest;
        while (!alone.ended && Clock::now() < end && !stop.requested()) {
            // Of a census that is asked now and then; of the others nobody wants to know.
            const TimePoint next =
                file != nullptr ? std::min(end, Clock::now() + in_time(0.01)) : end;
            alone.ended = running.wait(next, stop);
            if (file != nullptr && !alone.ended && !alone.handles_signals)
                alone.handles_signals = handles_signals(running.pid());
        }
    } else if (!stage.wait_until_ready()) {
        alone.problem = running.ended() ? "the program ended before it was ready"
                                        : "the program was not ready in time";
    } else {
        alone.ready_seconds = running.seconds();
        const TimePoint ready = Clock::now();
        if (std::string sick = stage.probe(TimePoint::max()); !sick.empty()) {
            // The first try may have been too early.
            (void)running.wait(Clock::now() + in_time(0.2), stop);
            sick = stage.probe(TimePoint::max());
            alone.problem = sick;
        }
        stage.begin_work();
        if (stage.has_work()) {
            if (!stage.work_is_done(ready + longest)) alone.problem = "the workload did not end";
            if (alone.problem.empty()) alone.problem = stage.work_problem();
            alone.work_seconds = since(ready);
        } else {
            alone.ended = running.wait(ready + in_time(patience.window), stop);
        }
        alone.handles_signals = !alone.ended && handles_signals(running.pid());
        const TimePoint told = Clock::now();
        running.signal(SIGTERM);
        alone.stops = !alone.ended && running.wait(told + in_time(2), stop);
        alone.stop_seconds = since(told);
    }
    alone.seconds = running.seconds();
    const bool over = running.ended();
    running.end();
    if (over) alone.status = running.status();
    alone.output = running.output();
    alone.errors = running.errors();
    return alone;
}

}  // namespace threadfault::sweep
