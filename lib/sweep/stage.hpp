// A run of the program in its frame: with a free port and a directory where it wants them, brought
// to the point at which it is ready, given work.
#ifndef THREADFAULT_SWEEP_STAGE_HPP
#define THREADFAULT_SWEEP_STAGE_HPP

#include "drive/locks/watch.hpp"
#include "scenario/placeholders.hpp"
#include "scenario/run/place.hpp"
#include "sweep/frame.hpp"
#include "sweep/passage_file.hpp"
#include "sweep/running.hpp"

#include <sys/types.h>

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::sweep {

class Stage {
public:
    // `file`: nullptr where nothing is recorded. It and the others outlive the stage.
    Stage(const Setup& setup, const PassageFile* file, const scenario::Stop& stop);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    Running& running() noexcept { return *running_; }

    // False: it has ended, or is not ready at the deadline.
    bool wait_until_ready();

    void begin_work();
    bool has_work() const noexcept { return !setup_.workload.empty(); }
    // Is the work done at that time? True where there is none.
    bool work_is_done(TimePoint deadline);
    // What is wrong with it; "" where it went well. Ends it where it is not done.
    std::string work_problem();

    // One try of each probe: "" all are healthy, else the first one's reason.
    std::string probe(TimePoint deadline) const;
    bool has_probes() const noexcept { return !setup_.probes.empty(); }

    // From outside, for that long. std::nullopt: it has ended, or can't be looked at.
    std::optional<drive::WatchReport> watch(std::chrono::nanoseconds time);
    // What its living threads are called: "main", "flusher (main/2)", by the name that the program
    // has given or by the start routine. Empty where nobody knows.
    std::map<pid_t, std::string> thread_names();

private:
    struct Looking;
    std::string do_work() const;
    std::map<std::string, std::string> variables() const;
    bool is_ready();

    const Setup& setup_;
    const scenario::Stop& stop_;
    scenario::Stop end_work_;
    scenario::Placeholders placeholders_;
    std::optional<scenario::ScratchDirectory> scratch_;
    std::unique_ptr<Running> running_;
    std::unique_ptr<Looking> looking_;
    std::future<std::string> work_;
    std::optional<std::string> work_result_;
};

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_STAGE_HPP
