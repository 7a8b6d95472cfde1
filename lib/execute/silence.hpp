// Why a thread that was signalled does not answer. Async-signal-safe (it only counts); one watcher,
// one object.
#ifndef THREADFAULT_EXECUTE_SILENCE_HPP
#define THREADFAULT_EXECUTE_SILENCE_HPP

#include "execute/core.hpp"

#include <cstdint>

namespace threadfault::execute {

// The judgement of a silent thread, from looks that are half a millisecond to a millisecond apart.
//
//   look ─┬─> blocks the signal ──────> undecided ── often enough ──> deaf
//         └─> hears ─┬─> sleeps in D ─> undecided ── often enough ──> uninterruptible
//                    └─> else ────────> hears: it comes when it gets a CPU
//
// One look proves nothing: glibc blocks everything at a thread's birth and end, programs do so for
// a moment, and a thread that waits for a CPU may have been stopped at just such a moment.
class Silence {
public:
    enum class Verdict : std::uint8_t {
        hears,      // the signal is not blocked: wait on
        undecided,  // look again soon
        deaf,
        uninterruptible,
    };

    // What the next look found: the mask, the state (proc(5); ExitWatch has it), and how long the
    // thread has been on a CPU (cpu_time_ns(); negative where the kernel does not tell).
    Verdict judge(Deafness found, char state, std::int64_t cpu_ns) noexcept;

    // Did the last look find the signal blocked?
    bool is_blocked() const noexcept { return deaf_looks_ > 0; }

    // Limits, in looks.
    static constexpr int kBlockedLooks = 2;  // asleep, neither new nor ending
    static constexpr int kNewbornLooks = 3;  // asleep, of all kinds
    // Running, or waiting for a CPU: the time of some turns of busy neighbours. 64 is the larger of
    // the two limits that the requester and the agent once had: refusing a healthy thread is worse
    // than telling of a deaf one 24 ms later.
    static constexpr int kRunningLooks = 64;
    // And it must have run meanwhile: one that gets no CPU can't let the signal in (with 16 others
    // at work, one was still in its handler's last instructions after 32 ms). Longer than a tick of
    // the kernel, at which alone a running thread's time is counted.
    static constexpr std::int64_t kRunNs = 10'000'000;
    // A page fault, a disk, or others that map memory let a thread sleep uninterruptibly for a
    // moment (26 ms were seen in brk(2) on a busy machine): that is waited for.
    static constexpr int kUninterruptibleLooks = 100;

private:
    Verdict judge_run(std::int64_t cpu_ns) noexcept;
    Verdict judge_sleep(char state) noexcept;

    int deaf_looks_ = 0;     // of all kinds, in a row
    int blocked_looks_ = 0;  // of them, those at a thread that slept, neither new nor ending
    int running_looks_ = 0;  // of them, those at a thread that ran or was about to
    std::int64_t first_cpu_ns_ = 0;  // at the first of these
    int uninterruptible_looks_ = 0;
};

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SILENCE_HPP
