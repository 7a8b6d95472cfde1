// One run of the program, from its start until nothing is left of it.
#ifndef THREADFAULT_SWEEP_RUNNING_HPP
#define THREADFAULT_SWEEP_RUNNING_HPP

#include "base/descriptor.hpp"
#include "drive/programs/launch.hpp"
#include "scenario/stop.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace threadfault::sweep {

using scenario::Clock;
using scenario::TimePoint;

struct RunSetting {
    std::vector<std::string> environment;  // on top of the launch's
    std::string input;                     // a file; "": nothing
    std::string directory;                 // "": ours
};

// Not thread-safe. As a subreaper this process gets the orphans of the program; they end with it.
class Running {
public:
    // Throws drive::CannotStart.
    Running(const drive::Launch& launch, const RunSetting& setting);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    pid_t pid() const noexcept { return pid_; }
    TimePoint begin() const noexcept { return begin_; }
    double seconds() const;  // until it ended, or until now

    // Has it ended at that time? Or `stop` is requested: then it may not have.
    bool wait(TimePoint deadline, const scenario::Stop& stop);
    bool ended() const noexcept { return status_.has_value(); }
    int status() const noexcept { return status_.value_or(0); }  // as wait(2) gives it
    void signal(int number) const noexcept;
    // With all that it has started.
    void end() noexcept;

    std::string output() const;  // so far; the beginning of much
    std::string errors() const;
    bool too_much_output() const;

private:
    drive::Launch launch_;
    base::Descriptor output_;
    base::Descriptor errors_;
    base::Descriptor pidfd_;
    pid_t pid_ = 0;
    TimePoint begin_;
    TimePoint end_;
    std::optional<int> status_;
    bool over_ = false;
};

// This process takes the orphans of those it starts. Once, at the beginning.
void become_subreaper();

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_RUNNING_HPP
