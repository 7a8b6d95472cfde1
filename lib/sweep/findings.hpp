// What is wrong with the program, from the results: experiments that have shown the same are one
// finding.
#ifndef THREADFAULT_SWEEP_FINDINGS_HPP
#define THREADFAULT_SWEEP_FINDINGS_HPP

#include "sweep/ledger.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace threadfault::sweep {

struct Finding {
    // Of what is done, to whom, in which functions: no lines and no addresses, so that it stays the
    // same when the program is edited elsewhere.
    std::string key;
    const Point* point = nullptr;
    Experiment experiment;           // that shows it best
    const Result* result = nullptr;  // its
    std::vector<std::string> ids;    // all that show it
    bool accepted = false;           // by the baseline

    std::string who() const;   // "a producer thread (main/2)"
    std::string what() const;  // "was cancelled before write in put (lost_notify.cpp:39)"
};

std::string key_of(const Point& point, const Deed& deed, Side side);

// How much of what is known was tried.
struct Coverage {
    std::size_t points = 0;  // by start routine, call and stack, at which anything may be done
    std::size_t tried = 0;   // of these, with an outcome
    std::size_t spared = 0;  // points at which nothing of --how may be done
    std::size_t left = 0;    // experiments that were planned and not done
    std::vector<std::string> gaps;  // sentences, about what was not covered

    double percent() const;
};

class Findings {
public:
    // `ledger` must outlive it.
    Findings(const Ledger& ledger, const std::set<std::string>& accepted);

    const std::vector<Finding>& all() const noexcept { return findings_; }  // the worst first
    std::size_t fresh() const noexcept;                                     // that are not accepted
    const std::map<Outcome, std::size_t>& outcomes() const noexcept { return outcomes_; }
    const Coverage& coverage() const noexcept { return coverage_; }
    const Ledger& ledger() const noexcept { return ledger_; }
    const Point* point_of(const Experiment& experiment) const;

private:
    void group_results(const std::set<std::string>& accepted);
    void measure_coverage();

    const Ledger& ledger_;
    std::map<std::string, const Point*> points_;
    std::vector<Finding> findings_;
    std::map<Outcome, std::size_t> outcomes_;
    Coverage coverage_;
};

// The keys of a baseline: a report.json, or {"accepted": [{"key": …}, …]}. Throws Error{usage}.
std::set<std::string> read_baseline(const std::string& file);

// A word of a shell.
std::string quoted(const std::string& word);
std::string reproduce_command(const Ledger& ledger, const std::string& id);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_FINDINGS_HPP
