// What a Target holds, and how its calls reach the process.
#ifndef THREADFAULT_HARNESS_IMPL_HPP
#define THREADFAULT_HARNESS_IMPL_HPP

#include "client/connection.hpp"
#include "drive/faults/choose.hpp"
#include "drive/faults/death.hpp"
#include "drive/faults/inflict.hpp"
#include "harness/guarded_process.hpp"
#include "harness/tether.hpp"
#include "observe/process.hpp"
#include "threadfault/target.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace threadfault {

struct [[gnu::visibility("hidden")]] Target::Impl {
    std::vector<std::string> command;
    pid_t pid = 0;
    std::chrono::nanoseconds grace{std::chrono::seconds(1)};
    bool last_stacks = true;
    bool captures = false;

    // One of the two: launched, or attached to.
    std::unique_ptr<target::GuardedProcess> guarded;
    std::unique_ptr<drive::DeathWatch> attached;
    // Of a process without an agent of its own.
    std::unique_ptr<target::Tether> tether;

    mutable std::mutex mutex;
    std::string last_stack;

    bool has_ended() const;
    // For a message: "./server (process 4711) exited with code 3".
    [[noreturn]] void throw_ended() const;
    std::string who() const;

    // Every call looks for itself: nothing is shared between threads. Error{target_died} when the
    // process has ended.
    observe::Process open() const;
    // An agent starts with the process's first thread: within `patience`, one that is about to
    // listen is waited for.
    std::unique_ptr<client::Connection> connect(const observe::Process& process,
                                                std::chrono::nanoseconds patience) const;
    std::unique_ptr<client::Connection> connect_if_possible(const observe::Process& process) const;

    // Must a guardian be held, or started, for it? No: it has an agent of its own. Throws where
    // neither helps.
    bool needs_guardian(const observe::Process& process) const;
    // Throws not_ready or target_died when it is not in time.
    void await_ready(const Target& self, const Ready& ready) const;

    std::optional<Exit> wait_exit(target::Clock::time_point deadline) const;
    Results carry_out(std::string_view selector, const FaultOptions& options,
                      const drive::Plan& plan);
    void note_stack(const std::vector<drive::Victim>& victims);
    std::string stack(std::string_view selector) const;
};

namespace target {

inline std::chrono::nanoseconds from_seconds(double seconds) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds));
}

// Asks until the answer is something or the deadline is over; asks at least once.
template <typename Ask>
auto poll_until(Clock::time_point deadline, Ask ask) -> decltype(ask()) {
    while (true) {
        if (auto answer = ask()) return answer;
        const Clock::time_point now = Clock::now();
        if (now >= deadline) return {};
        std::this_thread::sleep_until(std::min(deadline, now + std::chrono::milliseconds(5)));
    }
}

}  // namespace target
}  // namespace threadfault

#endif  // THREADFAULT_HARNESS_IMPL_HPP
