// What `threadfault sweep` and `report merge` hand over to the program that does the work.
#ifndef THREADFAULT_SWEEP_OPTIONS_HPP
#define THREADFAULT_SWEEP_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::sweep {

// One part of several: 1 of 1 is the whole.
struct Shard {
    unsigned index = 1;
    unsigned count = 1;
};

struct Options {
    std::vector<std::string> command;  // program and arguments
    std::string scenario;              // a file that says how the program is run; "": none
    std::string test;                  // the name of its test; "": the first

    std::string how;  // LIST; "": what is sensible
    std::uint64_t seed = 1;
    std::size_t jobs = 0;  // 0: as many as there are CPUs
    double budget = 120;   // seconds; 0: no end
    Shard shard;
    std::vector<std::string> threads;  // victims: main, start=GLOB, path=main/2; empty: not main
    bool exhaustive = false;           // nothing is sampled

    std::string out = "threadfault-sweep";  // a directory
    std::string baseline;                   // a file; "": none
    bool resume = false;
    bool list_points = false;
    std::string reproduce;  // an experiment's id; "": none
    bool gdb = false;

    // How the program is run.
    std::string ready_output;
    std::string ready_listening;
    std::string ready_thread;
    double ready_within = 10;
    std::string workload;             // for /bin/sh; "": the program is its own
    std::vector<std::string> probes;  // for /bin/sh
    double window = 0;                // a service runs for so long; 0: it ends by itself
    double settle = 0.5;              // a service is watched for so long after a fault
    double timeout = 0;               // of one run; 0: from how long it takes alone
    std::string input;                // a file for its standard input; "": nothing
    std::vector<int> good_exits;      // exit codes that are as good as the program's own
    bool ignore_output = false;

    std::vector<std::string> merge;  // `report merge`: directories
    std::string shim;
    bool json = false;
    bool color = false;
};

// One argument of a command line and back. from_argument() throws Error{usage} for what
// to_argument() does not write.
std::string to_argument(const Options& options);
Options from_argument(const std::string& text);

// Those of them that say how the program is run, as words of a command line: to repeat it by.
std::vector<std::string> frame_arguments(const Options& options);

// "2/5". Throws Error{usage}.
Shard parse_shard(std::string_view text);
// From TEST_SHARD_INDEX and TEST_TOTAL_SHARDS, SLURM_ARRAY_TASK_ID and its bounds, or
// JOB_COMPLETION_INDEX and JOB_COMPLETIONS; the whole where none is set. Throws Error{usage} for
// values that make no sense.
Shard shard_from_environment();

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_OPTIONS_HPP
