// A program as the child of a guardian, with its output collected by a thread.
#ifndef THREADFAULT_HARNESS_GUARDED_PROCESS_HPP
#define THREADFAULT_HARNESS_GUARDED_PROCESS_HPP

#include "base/descriptor.hpp"
#include "drive/programs/launch.hpp"
#include "harness/captured.hpp"
#include "harness/guardian_protocol.hpp"
#include "threadfault/target.hpp"

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace threadfault::target {

using base::Descriptor;
using Clock = std::chrono::steady_clock;

// Of a target whose guardian was killed before it could tell.
inline constexpr int kStatusUnknown = -1;

// Now and that much, or the end of time where that is later.
Clock::time_point deadline_after(std::chrono::nanoseconds time) noexcept;

// Thread-safe.
class GuardedProcess {
public:
    // Throws drive::CannotStart. `output`: what the target gets as its standard output where
    // options.output is `passed`; without: ours.
    GuardedProcess(const drive::Launch& launch, const LaunchOptions& options,
                   Descriptor output = Descriptor());
    // Ends the process and all that it started.
    ~GuardedProcess();
    GuardedProcess(const GuardedProcess&) = delete;
    GuardedProcess& operator=(const GuardedProcess&) = delete;

    pid_t pid() const noexcept { return pid_; }
    // The parent of the target, and of what the target leaves without one.
    pid_t guardian() const noexcept { return guardian_; }
    // Also before its parent, the guardian, has said how.
    bool has_ended() const noexcept;

    // As wait(2) gives it, or kStatusUnknown; std::nullopt: it still runs at the deadline.
    std::optional<int> wait_status(Clock::time_point deadline) const;
    void end();

    std::string text(Stream stream) const;
    // Bytes of it that are not kept any more; of both with Stream::either.
    std::size_t lost(Stream stream) const;
    std::optional<std::string> wait_for_line(const std::string& regex, Clock::time_point deadline,
                                             Stream stream, std::size_t* position) const;

    void write(std::string_view text);
    void close_input();

private:
    struct Pipes;
    void start_guardian(const drive::Launch& launch, const LaunchOptions& options, Pipes& pipes);
    void start_target(const LaunchOptions& options);
    guardian::Message hear() const;
    void say(guardian::Kind kind) const;
    void collect();
    bool take_message();
    bool take_output(int fd, Captured* into);
    void take_what_is_there(int fd, Captured* into);
    void end_unguarded() noexcept;

    std::string program_;
    std::chrono::nanoseconds grace_;
    pid_t pid_ = 0;
    pid_t guardian_ = 0;
    Descriptor pidfd_;
    Descriptor lifeline_;
    Descriptor output_fd_;
    Descriptor errors_fd_;
    Descriptor stop_;  // an eventfd: the collector is to end

    mutable std::mutex input_mutex_;
    Descriptor input_fd_;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Captured output_;
    Captured errors_;
    int open_streams_ = 0;
    std::optional<int> status_;
    bool all_gone_ = false;
    std::thread collector_;
};

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_GUARDED_PROCESS_HPP
