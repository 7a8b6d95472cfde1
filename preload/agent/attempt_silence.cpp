// Why a victim does not answer: it can't hear, it does not wake up, it has not come so far.
#include "execute/syscalls.hpp"
#include "preload/agent/attempt.hpp"
#include "preload/agent/task_file.hpp"
#include "preload/base/libc_layout.hpp"

namespace threadfault::shim {

namespace {

using wire::Fault;
using wire::Outcome;
using wire::Reason;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr int kBlockedLooks = 2;  // a thread may block everything for a moment
constexpr int kRunningLooks = 40;
constexpr int kNewbornLooks = 3;  // libc does so at a thread's birth and end
// A page fault, a disk, or others that map memory let a thread sleep uninterruptibly for a moment
// (26 ms were seen in brk(2) on a busy machine): that is waited for.
constexpr int kUninterruptibleLooks = 100;

}  // namespace

void Attempt::look_for_deafness(std::int64_t now) noexcept {
    switch (execute::deafness(request_.tid, execute::signal_in_use())) {
        case execute::Deafness::blocked:
            ++deaf_looks_;
            break;
        case execute::Deafness::newborn:
            ++newborn_looks_;
            break;
        default:
            deaf_looks_ = newborn_looks_ = 0;
            return look_for_sleep(now);
    }
    next_deafness_look_ns_ = next_look_ = now + kMillisecond;
    // One that is merely waiting for a CPU, in the middle of its birth or of another handler, is
    // given more time.
    const int looks = deaf_looks_ + newborn_looks_;
    const bool deaf = death_.was_running() ? looks >= kRunningLooks
                                           : deaf_looks_ >= kBlockedLooks || looks >= kNewbornLooks;
    if (deaf && execute::revoke(ticket_)) finish(Outcome::refused, Reason::signal_blocked);
}

// It would hear us, if it came back from the kernel.
void Attempt::look_for_sleep(std::int64_t now) noexcept {
    if (!death_.was_uninterruptible()) {
        uninterruptible_looks_ = 0;
        next_deafness_look_ns_ = now + 50 * kMillisecond;
        next_look_ = now + pause_ns_;
        return;
    }
    next_deafness_look_ns_ = next_look_ = now + kMillisecond;
    if (++uninterruptible_looks_ >= kUninterruptibleLooks && execute::revoke(ticket_)) {
        finish(Outcome::refused, Reason::uninterruptible);
    }
}

Reason Attempt::why_silent() const noexcept {
    if (deaf_looks_ + newborn_looks_ > 0) return Reason::signal_blocked;
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
    if (request_.fault == Fault::exit || request_.fault == Fault::vanish) {
        return Reason::still_unwinding;
    }
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
