// Runs of the program: alone, to learn what it does, and with one fault, to see what comes of it.
#ifndef THREADFAULT_SWEEP_TRIAL_HPP
#define THREADFAULT_SWEEP_TRIAL_HPP

#include "sweep/frame.hpp"
#include "sweep/model.hpp"
#include "sweep/passage_file.hpp"
#include "sweep/running.hpp"

#include <string>

namespace threadfault::sweep {

// How long what may take.
struct Patience {
    double window = 0;    // a service's run
    double settle = 0.5;  // after a fault in a service
    double timeout = 0;   // 0: from the baseline
};

// A run to which nothing is done.
struct Alone {
    bool ended = false;  // by itself, in `longest`; else it is a service, and was ended
    int status = 0;
    bool stops = false;  // a service: SIGTERM ended it
    bool handles_signals = false;
    double seconds = 0;
    double ready_seconds = 0;
    double stop_seconds = 0;
    double work_seconds = 0;
    std::string output;
    std::string errors;
    std::string problem;  // it was never ready, its work failed: nothing can be learned from it
};

// `service`: run for `patience.window`, or until its work is done. `file`: nullptr for nothing.
Alone run_alone(const Setup& setup, const Patience& patience, bool service,
                std::chrono::nanoseconds longest, const PassageFile* file,
                const scenario::Stop& stop);

// A fresh run with that one fault. Where `stop` is requested meanwhile: inconclusive.
Result run_experiment(const Setup& setup, const Options& options, const Baseline& baseline,
                      const Experiment& experiment, const scenario::Stop& stop);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_TRIAL_HPP
