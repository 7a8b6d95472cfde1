// The sweep itself: census, experiments, journal.
#ifndef THREADFAULT_SWEEP_CAMPAIGN_HPP
#define THREADFAULT_SWEEP_CAMPAIGN_HPP

#include "scenario/stop.hpp"
#include "sweep/frame.hpp"
#include "sweep/ledger.hpp"
#include "sweep/options.hpp"

#include <functional>
#include <memory>
#include <string>

namespace threadfault::sweep {

struct Tally {
    std::size_t done = 0;
    std::size_t total = 0;
    std::size_t findings = 0;  // keys
    double seconds = 0;        // since the first experiment of this run
    double left = 0;           // of the budget; 0: it has no end
};

struct Listener {
    std::function<void(const std::string& text)> note;  // a line for people
    // One experiment more; `fresh`: with a finding that no other has shown before.
    std::function<void(const Tally&, const Point&, const Experiment&, const Result&, bool fresh)>
        result;
};

class Campaign {
public:
    Campaign(const Options& options, const scenario::Stop& stop, Listener listener);
    ~Campaign();
    Campaign(const Campaign&) = delete;
    Campaign& operator=(const Campaign&) = delete;

    // Learns how the program behaves alone. Throws Error{not_ready} where it does not behave.
    void learn();
    // Finds the points, or takes them from the journal that is to be resumed.
    void take_census();
    // All that are planned, until the budget is used up or `stop` is requested.
    void run();
    // One of them, given by its id.
    Result repeat(const Experiment& experiment) const;

    const Ledger& ledger() const noexcept { return ledger_; }
    const Setup& setup() const noexcept { return setup_; }

private:
    struct Work;
    Result run_confirmed(const Experiment& experiment, bool known);
    void learn_again(unsigned times);
    void begin_journal();
    void write_line(const std::string& line);

    const Options& options_;
    const scenario::Stop& stop_;
    Listener listener_;
    Setup setup_;
    Baseline baseline_;
    Ledger ledger_;
    int journal_ = -1;
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_CAMPAIGN_HPP
