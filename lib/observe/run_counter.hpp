// Has a thread been given a CPU since it was last looked at? The kernel counts that.
#ifndef THREADFAULT_OBSERVE_RUN_COUNTER_HPP
#define THREADFAULT_OBSERVE_RUN_COUNTER_HPP

#include "base/descriptor.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace threadfault::observe {

struct RunCount {
    std::uint64_t cpu_nanoseconds = 0;
    std::uint64_t runs = 0;  // how often it was given a CPU
    bool operator==(const RunCount&) const = default;
};

// "CPU-TIME WAITED RUNS\n", proc(5); std::nullopt, too, where the kernel does not count (all 0).
std::optional<RunCount> parse_run_count(std::string_view text);

// Keeps /proc/<pid>/task/<tid>/schedstat open: reading it costs a tenth of what opening another
// file of the thread costs. It stays that thread's when the number is another one's by now.
class RunCounter {
public:
    RunCounter() = default;
    RunCounter(pid_t pid, pid_t tid);

    // Is there a file to read?
    explicit operator bool() const noexcept { return static_cast<bool>(file_); }
    // std::nullopt: the thread has ended, or the kernel doesn't tell.
    std::optional<RunCount> read() const;
    // The kernel said so at the last read().
    bool has_ended() const noexcept { return ended_; }

private:
    base::Descriptor file_;
    mutable bool ended_ = false;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_RUN_COUNTER_HPP
