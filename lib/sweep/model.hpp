// What a sweep deals with: points, experiments, outcomes.
#ifndef THREADFAULT_SWEEP_MODEL_HPP
#define THREADFAULT_SWEEP_MODEL_HPP

#include "inject/calls.hpp"
#include "inject/rule.hpp"
#include "wire/passages.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::sweep {

using inject::Action;
using inject::Call;
using inject::Side;

struct Frame {
    std::string function;  // "" unknown
    std::string file;      // "" unknown
    int line = 0;
    std::string module;  // file name without directories
    std::uint64_t offset = 0;

    std::string text() const;      // "put (lost_notify.cpp:27)"
    std::string location() const;  // "lost_notify.cpp:27", "libfoo.so+0x12"
};

struct Held {
    std::string name;  // "box_mutex", or "a lock taken in put (lost_notify.cpp:20)"
    std::uint64_t stack = 0;
    bool robust = false;
};

// Passages of a point that have something in common, and the first of them.
struct Sample {
    std::uint64_t occurrence = 1;
    std::vector<Held> held;
    bool known_held = false;  // else as for the point's first passage
};

// A call at a stack, as one thread passes it.
struct Point {
    std::string thread;  // "main/2"
    std::vector<std::uint32_t> path;
    bool is_main = false;
    std::string start;  // start routine
    Call call{};
    std::uint64_t stack = 0;
    std::vector<Frame> frames;  // innermost first, inlined ones too
    std::uint64_t count = 0;
    std::uint64_t together = 0;    // all threads of its group, in each run
    bool cancel_disabled = false;  // at some passage
    bool steady = true;            // every run of the census has passed it
    std::vector<Sample> samples;   // passages that differ, the very first first

    const std::vector<Held>& held() const;
    const Frame& site() const;  // the innermost frame that is the program's own
    // Threads with the same start routine pass the same point of this group.
    std::string group() const;
};

// What is done to a thread, in the words of --how.
struct Deed {
    std::string name;  // "cancel", "freeze=2s", "error=EAGAIN"
    Action action{};
    wire::Fault death{};
    std::int32_t error = 0;
    std::chrono::nanoseconds duration{0};

    std::string_view kind() const;  // without a duration: "freeze"
    bool ends_thread() const { return action == Action::kill; }
    // What the specification says can happen at any time, and every program must cope with.
    bool is_everyday() const;
};

struct Experiment {
    std::string id;
    // Whichever thread it is that comes to the point; `path` means nothing then.
    bool any_thread = false;
    std::vector<std::uint32_t> path;
    Call call{};
    std::uint64_t stack = 0;
    std::uint64_t occurrence = 1;
    Side side = Side::before;
    Deed deed;
    // Of the plan; not needed for a repetition by the id.
    const Point* point = nullptr;
    const Sample* sample = nullptr;
    unsigned tier = 0;  // smaller is more informative
    std::uint64_t order = 0;
    std::uint64_t stands_for = 1;  // passages that were left out because this one is like them

    wire::PassageOrder order_for_shim() const;
};

// "main/2:read:9f3c2d1a44e07b55:1:before:cancel", "any:read:…"
std::string id_of(const Experiment& experiment);
// Throws Error{usage}.
Experiment parse_id(const std::string& id);

enum class Outcome : std::uint8_t {
    survived,
    not_reached,
    inconclusive,
    degraded,
    leaked,
    wrong_result,
    stuck,
    aborted,
    crashed,
};
inline constexpr Outcome kOutcomes[] = {
    Outcome::crashed,      Outcome::aborted,     Outcome::stuck,
    Outcome::wrong_result, Outcome::leaked,      Outcome::degraded,
    Outcome::survived,     Outcome::not_reached, Outcome::inconclusive,
};
std::string_view to_string(Outcome outcome) noexcept;
std::optional<Outcome> parse_outcome(std::string_view text) noexcept;
// The program did not take the loss of the thread well. In ascending order of gravity above.
bool is_finding(Outcome outcome) noexcept;

// What a result's sentence says, for programs.
enum class SummaryCode : std::uint8_t {
    as_alone,
    gave_up,
    not_reached,
    not_reached_in_time,
    sweep_ended,
    output_too_long,
    not_ready,
    close_in_destructor,
    not_always,
    not_run,
    recovered,
    lock_left,
    other_exit_code,
    output_missing,
    workload_failed,
    probe_failed,
    never_ready,
    wait_for_ever,
    nobody_left,
    workload_endless,
    did_not_end,
    did_not_shut_down,
    aborted,
    ended_by_signal,
};
std::string_view to_string(SummaryCode code) noexcept;
std::optional<SummaryCode> parse_summary_code(std::string_view text) noexcept;

// What one experiment has shown.
struct Result {
    std::string id;
    Outcome outcome = Outcome::inconclusive;
    SummaryCode code = SummaryCode::as_alone;
    std::string summary;                    // one sentence
    std::vector<std::string> evidence;      // sentences
    std::string lock_tree;                  // "" without one
    std::vector<std::string> stuck_behind;  // threads
    std::vector<std::string> held;          // what the victim left locked, or died with
    std::string errors;                     // the end of its standard error
    double seconds = 0;
    unsigned seen = 1;  // in so many of
    unsigned runs = 1;  // these runs
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_MODEL_HPP
