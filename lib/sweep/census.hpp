// What a run that recorded its passages has shown: the points, with names.
#ifndef THREADFAULT_SWEEP_CENSUS_HPP
#define THREADFAULT_SWEEP_CENSUS_HPP

#include "sweep/model.hpp"
#include "wire/passages.hpp"

#include <string>
#include <vector>

namespace threadfault::sweep {

struct Census {
    std::vector<Point> points;
    unsigned runs = 0;
    unsigned threads = 0;                    // that passed points
    unsigned threads_lost = 0;               // for want of room
    unsigned points_lost = 0;                // likewise
    bool handles_signals = false;            // by handlers of its own: its waits may end with EINTR
    unsigned other_processes = 0;            // that made threads, and are not looked at
    std::vector<std::string> quiet_threads;  // start routines of threads that only start
};

// Of a run that has ended: names come from the files that it had mapped.
Census read_census(const wire::Passages& passages);

// What all runs have in common counts; what not all have passed is kept as a first passage, and is
// not steady.
Census merged(const Census& one, const Census& other);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_CENSUS_HPP
