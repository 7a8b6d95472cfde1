// How the program is run: what it is given, when it is ready, what work it gets, and how it behaves
// when nothing is done to it.
#ifndef THREADFAULT_SWEEP_FRAME_HPP
#define THREADFAULT_SWEEP_FRAME_HPP

#include "drive/programs/launch.hpp"
#include "scenario/model.hpp"
#include "sweep/options.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace threadfault::sweep {

// From the options or a scenario file. Texts may hold {port} and {tmp}.
struct Setup {
    drive::Launch launch;
    std::string directory;  // "": ours
    std::string scenario_directory;
    std::string input;
    std::map<std::string, std::string> environment;
    scenario::TargetSpec target;        // ready
    std::vector<std::string> workload;  // for /bin/sh, one after the other
    std::vector<scenario::ProbeSpec> probes;
    bool needs_place = false;  // {tmp} or {port} is used
};

// Throws Error{usage} and what parse_file() throws.
Setup make_setup(const Options& options);

// How many of each line.
using Lines = std::map<std::string, std::size_t>;
Lines lines_in(const std::string& text);

// What it does alone. Thread-safe.
class Baseline {
public:
    bool service = false;  // it does not end by itself
    int status = 0;        // of a batch program, as wait(2) gives it; of a service, after SIGTERM
    bool stops = false;    // a service ends when it gets a SIGTERM
    double seconds = 0;    // the longest run
    double ready_seconds = 0;
    double stop_seconds = 0;
    double work_seconds = 0;

    // Only what every run has said counts.
    void learn(const std::string& output, const std::string& errors);
    // A line of the standard output that every run alone has, and this one has not; "" where all
    // are there.
    std::string missing(const std::string& output) const;
    // Has it said something on its standard error that it never says alone?
    bool says_more(const std::string& errors) const;
    unsigned runs() const;

private:
    mutable std::mutex mutex_;
    Lines output_;
    std::map<std::string, bool> errors_;
    unsigned runs_ = 0;
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_FRAME_HPP
