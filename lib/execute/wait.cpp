// Waiting for requests: a short spin where it has been paying, then futex(2).
#include "execute/core.hpp"
#include "execute/sanitizer.hpp"
#include "execute/slots.hpp"
#include "execute/syscalls.hpp"

#include <sched.h>

namespace threadfault::execute {

namespace {

constexpr std::int64_t kMaximumSpinNs = 50'000;
constexpr std::int64_t kMinimumSpinNs = 3'000;
constexpr std::uint32_t kWaitsBetweenTrials = 64;

bool is_under_way(std::uint32_t word, std::uint32_t generation) noexcept {
    const std::uint32_t phase = phase_of(word);
    return generation_of(word) == generation && (phase == kPosted || phase == kRunning) &&
           (word & kUnattended) == 0;
}

// Spinning answers in 2 us instead of 50 when the answer comes from another CPU that is awake; it
// is lost time when the CPU has to be woken first, and it holds the answer up when there is but one
// CPU. Which of them is the case is learnt from the waits before: a spin that ends without the
// answer halves the next one; below the minimum it is tried again only now and then.
class SpinHistory {
public:
    std::int64_t budget() noexcept {
        if (budget_ns_ >= kMinimumSpinNs) return budget_ns_;
        if (++waits_without_ < kWaitsBetweenTrials) return 0;
        waits_without_ = 0;
        if (!may_run_on_several_cpus()) return 0;
        budget_ns_ = kMinimumSpinNs;
        return budget_ns_;
    }
    void paid() noexcept {
        budget_ns_ = budget_ns_ * 2 < kMaximumSpinNs ? budget_ns_ * 2 : kMaximumSpinNs;
    }
    void lost() noexcept { budget_ns_ /= 2; }

private:
    static bool may_run_on_several_cpus() noexcept {
        std::uint64_t mask[16] = {};
        const long size = sys_call(SYS_sched_getaffinity, 0, sizeof mask, mask);
        if (size <= 0) return false;
        bool found = false;
        for (const std::uint64_t word : mask) {
            if ((word & (word - 1)) != 0 || (word != 0 && found)) return true;
            found = found || word != 0;
        }
        return false;
    }

    std::int64_t budget_ns_ = 0;
    std::uint32_t waits_without_ = kWaitsBetweenTrials - 1;  // the first wait tries
};

// Initial-exec: touched in signal handlers, where a dynamic TLS model might allocate.
[[gnu::tls_model("initial-exec")]] constinit thread_local SpinHistory spin_history;

// Returns the word last seen.
std::uint32_t spin(const Slot& slot, std::uint32_t generation, std::int64_t deadline_ns) noexcept {
    std::uint32_t word = slot.word.load(std::memory_order_acquire);
    const std::int64_t budget = spin_history.budget();
    if (budget == 0) return word;
    const std::int64_t start = monotonic_ns();
    const std::int64_t end = deadline_ns - start < budget ? deadline_ns : start + budget;
    do {
        for (int i = 0; i < 16; ++i) {
            word = slot.word.load(std::memory_order_acquire);
            if (!is_under_way(word, generation)) {
                spin_history.paid();
                return word;
            }
            __builtin_ia32_pause();
        }
    } while (monotonic_ns() < end);
    spin_history.lost();
    return word;
}

// Sleeps until the request is through or the deadline has come.
void sleep_on(Slot& slot, std::uint32_t generation, std::int64_t deadline_ns) noexcept {
    std::uint32_t word = slot.word.load(std::memory_order_acquire);
    while (is_under_way(word, generation)) {
        if ((word & kSleeper) == 0 &&
            !slot.word.compare_exchange_weak(word, word | kSleeper, std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
            continue;
        }
        const std::int64_t until = before_deliveries(deadline_ns);
        const long slept = sys_futex_wait(&slot.word, word | kSleeper, until);
        let_signals_in();
        word = slot.word.load(std::memory_order_acquire);
        if (slept == -ETIMEDOUT && until == deadline_ns) return;
    }
}

}  // namespace

Phase wait(Ticket ticket, std::int64_t deadline_ns) noexcept {
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr) return Phase::stale;
    if (is_under_way(spin(*slot, ticket.generation, deadline_ns), ticket.generation)) {
        sleep_on(*slot, ticket.generation, deadline_ns);
    }
    return look(ticket);
}

unsigned wait_all(const Ticket* tickets, unsigned count, std::int64_t deadline_ns) noexcept {
    // No spinning: with many threads at work there is no CPU to spare for it.
    unsigned left = 0;
    for (unsigned i = count; i-- > 0;) {
        Slot* const slot = slot_of(tickets[i]);
        if (slot == nullptr) continue;
        sleep_on(*slot, tickets[i].generation, deadline_ns);
        const Phase phase = look(tickets[i]);
        if (phase == Phase::posted || phase == Phase::running) ++left;
    }
    return left;
}

}  // namespace threadfault::execute
