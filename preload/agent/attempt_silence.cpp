// Why a victim does not answer (execute/silence.hpp judges), and why its fault is still pending.
#include "base/fault.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/attempt.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/task_file.hpp"

namespace threadfault::shim {

namespace {

using wire::FaultOutcome;
using wire::Reason;

constexpr std::int64_t kMillisecond = 1'000'000;

}  // namespace

void Attempt::judge_silence(std::int64_t now) noexcept {
    using Verdict = execute::Silence::Verdict;
    const auto found = execute::deafness(request_.tid, execute::signal_in_use());
    const Verdict verdict =
        silence_.judge(found, death_.state(), execute::cpu_time_ns(request_.tid));
    if (verdict == Verdict::hears) {
        next_judgement_ns_ = now + 50 * kMillisecond;
        next_look_ = now + pause_ns_;
        return;
    }
    next_judgement_ns_ = next_look_ = now + kMillisecond;
    if (verdict == Verdict::undecided || !execute::revoke(ticket_)) return;
    finish(FaultOutcome::refused,
           verdict == Verdict::deaf ? Reason::signal_blocked : Reason::uninterruptible);
}

Reason Attempt::why_silent() const noexcept {
    if (silence_.is_blocked()) return Reason::signal_blocked;
    switch (task_state(request_.tid)) {
        case 'D':
            return Reason::uninterruptible;
        case 'T':
        case 't':
            return Reason::target_stopped;
        default:
            return Reason::timed_out;
    }
}

Reason Attempt::why_pending() const noexcept {
    const base::FaultInfo& kind = base::info(request_.fault);
    if (kind.death && !kind.cancels) return Reason::still_unwinding;
    std::uint32_t word = task_.cancel;
    if (record_ != nullptr && record_->serial.load() == serial_) {
        word = cancel_word(record_->thread.load());
    }
    if (word == wire::kCancelUnknown) return Reason::timed_out;
    if ((word & wire::kCancelExiting) != 0) return Reason::still_unwinding;
    if ((word & wire::kCancelDisabled) != 0) return Reason::cancel_disabled;
    return Reason::no_cancellation_point;
}

}  // namespace threadfault::shim
