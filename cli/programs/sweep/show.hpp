// What a sweep shows while it runs.
#ifndef THREADFAULT_CLI_PROGRAMS_SWEEP_SHOW_HPP
#define THREADFAULT_CLI_PROGRAMS_SWEEP_SHOW_HPP

#include "sweep/campaign.hpp"
#include "sweep/running.hpp"

#include <string>

namespace threadfault::sweep {

std::string points_text(const Ledger& ledger, const Options& options);
std::string points_json(const Ledger& ledger);

// Findings as they come, and on a terminal a line that says how far it is.
class Progress {
public:
    explicit Progress(const Options& options);

    Listener listener();
    void begin(const Ledger& ledger);
    void end();

private:
    void note(const std::string& text);
    void result(const Tally& tally, const Point& point, const Experiment& experiment,
                const Result& result, bool fresh);
    void clear();

    bool human_;
    bool color_;
    std::size_t columns_;  // of the terminal behind standard error; 0: there is none
    bool shown_ = false;
    TimePoint last_;
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_CLI_PROGRAMS_SWEEP_SHOW_HPP
