// A scenario file as plain data: what parse_file() makes and the runner runs. Every string may hold
// {port}, {tmp} and {dir}: see placeholders.hpp.
#ifndef THREADFAULT_SCENARIO_MODEL_HPP
#define THREADFAULT_SCENARIO_MODEL_HPP

#include "base/fault.hpp"
#include "threadfault/target.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace threadfault::scenario {

using Duration = std::chrono::nanoseconds;

// Where something stands in its file; lines and columns from 1.
struct Place {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;

    std::string text() const;  // "FILE:LINE:COL"
};

// A process that runs already.
struct AttachSpec {
    pid_t pid = 0;
    std::string command;  // GLOB; "": the pid says which

    bool given() const noexcept { return pid != 0 || !command.empty(); }
};

struct TargetSpec {
    std::vector<std::string> command;
    AttachSpec attach;  // in place of `command` and of what goes with it
    std::map<std::string, std::string> environment;
    std::string directory;  // absolute; "": ours
    Ready ready;
    Shim shim = Shim::basic;
};

struct CommandProbe {
    std::vector<std::string> command;  // healthy: it exits with 0
};
struct SocketProbe {
    bool local = false;  // a unix socket
    std::string to;      // HOST:PORT, or a path
    std::string send;
    std::string expect;  // a regular expression; "": it is enough to be connected
};
struct HttpProbe {
    std::string url;
    long status = 200;
    std::string expect;  // in the body; "": anything
};

struct ProbeSpec {
    std::string name;
    std::variant<CommandProbe, SocketProbe, HttpProbe> how;
    Duration every = std::chrono::milliseconds(100);  // from the end of a try to the next
    Duration within = std::chrono::seconds(1);        // of one try
};

using base::Verb;

struct FaultStep {
    // Of all verbs; which of them a verb takes, the table of faults tells.
    struct Options {
        Pick pick = Pick::one;
        std::optional<std::uint64_t> seed = {};
        Duration wait = FaultOptions{}.wait;
        Duration duration{0};  // freeze, slow, demote
        How how = How::cancel;
        bool anywhere = false;
    };
    Verb verb{};
    std::string selector;
    Options options;
    Duration time{0};      // delay, spin
    unsigned percent = 0;  // slow
    Demotion demotion;
    int signal = 0;
    std::int64_t value = 0;
};

struct InjectStep {
    std::string spec;
    bool force = false;
    std::optional<std::uint64_t> seed;  // for probability=
};

struct WaitStep {
    Duration time{0};
};

struct WaitForThreadStep {
    std::string selector;
    Duration within = std::chrono::seconds(10);
};

struct RunStep {
    std::string command;  // for /bin/sh -c
    int exit_code = 0;
    Duration within = std::chrono::seconds(10);
};

// What is not set does not matter.
struct Expectation {
    std::optional<bool> alive;
    std::optional<int> exit_code;
    std::optional<int> signal;  // that ended the target
    std::string probe;
    std::optional<Duration> recovers_within;
    std::optional<bool> progresses;
    Duration watched = std::chrono::seconds(1);  // for `progresses`
    std::optional<bool> no_orphaned_locks;
    std::optional<std::size_t> threads;
    std::map<std::string, std::size_t> threads_of;  // by selector
    std::string output;                             // a regular expression
    std::vector<std::string> log_free_of;           // regular expressions

    // Does it say how, or that, the target ends?
    bool foresees_end() const noexcept;
};

// Which process a step is about, where it is not the launched one: one that the target has started,
// or that the target itself has become by going to the background.
struct ProcessSpec {
    std::string command;    // GLOB; "": any
    bool children = false;  // not the launched one itself
    bool first = false;     // of several, the one with the lowest process id
    Duration within = std::chrono::seconds(10);
};

struct Step {
    Place place;
    std::string text;  // as it stands in the file, in one line
    std::optional<ProcessSpec> process;
    std::variant<FaultStep, InjectStep, WaitStep, WaitForThreadStep, RunStep, Expectation> what;
};

struct TestSpec {
    Place place;
    std::string name;
    TargetSpec target;  // with the test's own overrides
    std::vector<Step> steps;
    Duration timeout = std::chrono::seconds(60);  // of the whole test, launch and end included
};

struct Scenario {
    std::string file;
    std::vector<ProbeSpec> probes;
    std::vector<TestSpec> tests;

    const ProbeSpec* find_probe(std::string_view name) const noexcept;
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_MODEL_HPP
