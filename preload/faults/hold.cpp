#include "preload/faults/hold.hpp"

#include "arch/call.hpp"
#include "execute/alternate_stack.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/signals.hpp"

namespace threadfault::shim {

namespace {

// Whose end is told: of the thread's CPU time nobody knows when it will have been used.
constexpr std::uint32_t kListed = wire::kInForceFreeze | wire::kInForceDelay;

std::uint32_t flag_of(wire::Fault fault) noexcept {
    switch (fault) {
        case wire::Fault::delay:
            return wire::kInForceDelay;
        case wire::Fault::spin:
            return wire::kInForceSpin;
        case wire::Fault::slow:
            return 0;  // in force between the stops as well: the agent's business
        default:
            return wire::kInForceFreeze;
    }
}

std::int64_t own_cpu_ns() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<std::int64_t>(used.tv_sec) * execute::kNanosecondsPerSecond + used.tv_nsec;
}

}  // namespace

Hold::Hold(wire::Fault fault, std::int64_t duration_ns, const void* context) noexcept
    : record_(self()),
      fault_(fault),
      duration_ns_(duration_ns),
      word_(record_->hold_word.load(std::memory_order_acquire)),
      flag_(flag_of(fault)),
      until_(fault != wire::Fault::spin && duration_ns > 0 ? execute::monotonic_ns() + duration_ns
                                                           : execute::kNever),
      listed_before_(list_end()),
      // Only this thread's own handlers set it, and each puts back what it found.
      outermost_((record_->faults.fetch_or(flag_, std::memory_order_acq_rel) & flag_) == 0) {
    // The return from the handler takes it back.
    if (context != nullptr && !execute::has_room_for_another(context)) {
        set_kernel_mask(~kSynchronous);
    }
}

Hold::~Hold() {
    if (outermost_) record_->faults.fetch_and(~flag_, std::memory_order_release);
    if ((flag_ & kListed) != 0) record_->hold_until = listed_before_;
}

// Before the fault is listed as in force: whoever finds it there finds its end, too.
std::int64_t Hold::list_end() const noexcept {
    const std::int64_t before = record_->hold_until;
    if ((flag_ & kListed) == 0) return before;
    // A hold within another: both must be over.
    const bool within = (record_->faults.load(std::memory_order_relaxed) & kListed) != 0;
    record_->hold_until = within && before > until_ ? before : until_;
    return before;
}

void Hold::last() const noexcept {
    if (fault_ == wire::Fault::spin) {
        burn();
    } else {
        stand_still();
    }
}

void Hold::stand_still() const noexcept {
    while (record_->hold_word.load(std::memory_order_acquire) == word_) {
        if (until_ != execute::kNever && execute::monotonic_ns() >= until_) return;
        execute::sys_futex_wait(&record_->hold_word, word_, until_);
    }
}

void Hold::burn() const noexcept {
    const std::int64_t until = duration_ns_ > 0 ? own_cpu_ns() + duration_ns_ : execute::kNever;
    while (record_->hold_word.load(std::memory_order_acquire) == word_) {
        for (int i = 0; i < 1000; ++i)
            arch::pause();
        if (until != execute::kNever && own_cpu_ns() >= until) return;
    }
}

void let_go(Record* record) noexcept {
    record->hold_word.fetch_add(1, std::memory_order_acq_rel);
    execute::sys_futex_wake(&record->hold_word);
}

}  // namespace threadfault::shim
