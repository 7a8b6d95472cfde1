// A test while it runs: its target, its probes, and the notes that a report is made from.
#ifndef THREADFAULT_SCENARIO_RUN_SESSION_HPP
#define THREADFAULT_SCENARIO_RUN_SESSION_HPP

#include "scenario/model.hpp"
#include "scenario/placeholders.hpp"
#include "scenario/probe/prober.hpp"
#include "scenario/result.hpp"
#include "scenario/run/place.hpp"
#include "scenario/stop.hpp"
#include "threadfault/target.hpp"

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::scenario {

// Why a step was not as it should be; caught by the session.
struct StepFailed {
    FailureKind kind{};
    std::string message;
};

class Session {
public:
    // `stop`: of this test, requested at its timeout too.
    Session(const Scenario& scenario, const TestSpec& test, std::uint64_t seed, const Stop& stop);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Launches, does the steps, and ends the target. std::nullopt: all was as it should be.
    std::optional<Failure> run();

    const std::vector<std::string>& journal() const noexcept { return journal_; }
    // Of the target, as far as it came.
    std::string output() const { return target_ ? target_->output() : std::string(); }
    std::string errors() const { return target_ ? target_->errors() : std::string(); }

private:
    std::optional<Failure> do_all();
    void launch();
    void do_step(const Step& step, std::size_t index);
    // The process that a step is about.
    Target& process_for(const Step& step);
    void do_fault(const FaultStep& step, std::size_t index);
    Target::Results run_fault(const FaultStep& step, const FaultStep::Options& options);
    void do_inject(const InjectStep& step, std::size_t index);
    void do_wait(const WaitStep& step);
    void do_wait_for_thread(const WaitForThreadStep& step);
    void do_run(const RunStep& step);
    void check_end_was_foreseen() const;

    // attached.cpp
    void attach();
    std::vector<pid_t> candidates(const ProcessSpec& wanted) const;
    void let_go();

    // expectations.cpp
    void expect(const Expectation& expectation);
    void expect_end(const Expectation& expectation);
    void expect_alive() const;
    void expect_probe(const Expectation& expectation);
    void expect_threads(const Expectation& expectation) const;
    void expect_progress(const Expectation& expectation);
    void expect_locks(bool free_of_orphans);
    void expect_output(const Expectation& expectation) const;

    // Fills in what is to be seen of the target.
    Failure explain(Failure failure);
    void finish();
    void note(const std::string& line);
    std::string fill(std::string_view text) const { return placeholders_.fill(text); }
    std::map<std::string, std::string> variables() const;
    std::uint64_t seed_of(std::size_t step) const;
    Prober& prober(const std::string& name) { return *probers_.at(name); }
    void start_probers();
    // Asks until it is true (true), the time is over or the test is stopped (false).
    bool eventually(Duration within, const std::function<bool()>& condition) const;

    const Scenario& scenario_;
    const TestSpec& test_;
    const std::uint64_t seed_;
    const Stop& stop_;
    const TimePoint begin_ = Clock::now();
    ScratchDirectory scratch_;
    Placeholders placeholders_;
    std::optional<Target> keeper_;  // of a test on a process that runs already
    std::optional<Target> target_;
    std::map<pid_t, Target> others_;       // that steps were about
    std::map<std::string, pid_t> chosen_;  // by what the steps say
    Target* subject_ = nullptr;            // of the current step
    std::map<std::string, std::unique_ptr<Prober>> probers_;
    bool end_foreseen_ = false;
    bool finished_ = false;
    std::string victim_;  // a selector of the latest one that still lives
    // What a step already knows, so that the report need not look again.
    std::optional<WatchReport> watched_;
    std::vector<std::string> journal_;
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_RUN_SESSION_HPP
