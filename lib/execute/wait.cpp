// Waiting for requests: a short spin where it has been paying, then futex(2).
#include "execute/core.hpp"
#include "execute/sanitizer.hpp"
#include "execute/slots.hpp"
#include "execute/syscalls.hpp"

#include <sched.h>

namespace threadfault::execute {

namespace {

constexpr std::int64_t kSpinNs = 50'000;
constexpr std::int64_t kHotNs = 200'000;
constexpr std::uint32_t kFirstPenalty = 8;
constexpr std::uint32_t kLongestPenalty = 1024;
constexpr std::uint32_t kWaitsBetweenLooks = 64;

bool is_under_way(std::uint32_t word, std::uint32_t generation) noexcept {
    const std::uint32_t phase = phase_of(word);
    return generation_of(word) == generation && (phase == kPosted || phase == kRunning) &&
           (word & kUnattended) == 0;
}

// Is a spin worth while? In a hot loop over two CPUs it answers in 2 us instead of 50, because
// neither CPU goes to sleep; after a pause the other CPU has to be woken anyway and the spin gains
// nothing; and with a single CPU it holds the very answer up that it waits for. So: spin only when
// this thread's last wait ended just now and it may run on several CPUs; a spin that ends without
// the answer bars the next ones, twice as many each time.
class SpinJudge {
public:
    bool may_spin() noexcept {
        if (!several_cpus_) {
            // The mask may change; asking costs as much as a fiftieth of a round trip.
            if (++waits_since_look_ < kWaitsBetweenLooks) return false;
            waits_since_look_ = 0;
            several_cpus_ = may_run_on_several_cpus();
            return false;
        }
        if (barred_ > 0) {
            --barred_;
            return false;
        }
        return true;
    }
    bool is_hot(std::int64_t now) const noexcept { return now - last_end_ns_ < kHotNs; }
    bool knows_several_cpus() const noexcept { return several_cpus_; }
    void ended(std::int64_t now) noexcept { last_end_ns_ = now; }
    void paid() noexcept { penalty_ = kFirstPenalty / 2; }
    void lost() noexcept {
        if (penalty_ < kLongestPenalty) penalty_ *= 2;
        barred_ = penalty_;
        several_cpus_ = may_run_on_several_cpus();
    }

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

    std::int64_t last_end_ns_ = INT64_MIN / 2;
    std::uint32_t penalty_ = kFirstPenalty / 2;
    std::uint32_t barred_ = 0;
    std::uint32_t waits_since_look_ = kWaitsBetweenLooks - 1;  // the first wait looks
    bool several_cpus_ = false;
};

// Initial-exec: touched in signal handlers, where a dynamic TLS model might allocate.
[[gnu::tls_model("initial-exec")]] constinit thread_local SpinJudge spin_judge;

// True: the request is through.
bool spin(const Slot& slot, std::uint32_t generation, std::int64_t deadline_ns) noexcept {
    if (!spin_judge.may_spin()) return false;
    const std::int64_t start = monotonic_ns();
    if (!spin_judge.is_hot(start)) return false;
    const std::int64_t end = deadline_ns - start < kSpinNs ? deadline_ns : start + kSpinNs;
    do {
        for (int i = 0; i < 16; ++i) {
            if (!is_under_way(slot.word.load(std::memory_order_acquire), generation)) {
                spin_judge.paid();
                return true;
            }
            arch::pause();
        }
    } while (monotonic_ns() < end);
    spin_judge.lost();
    return false;
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
        send_again(Ticket{static_cast<std::uint32_t>(&slot - slots), generation});
        let_signals_in();
        word = slot.word.load(std::memory_order_acquire);
        if (slept == -ETIMEDOUT && until == deadline_ns) return;
    }
}

}  // namespace

Phase wait(Ticket ticket, std::int64_t deadline_ns) noexcept {
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr) return Phase::stale;
    if (is_under_way(slot->word.load(std::memory_order_acquire), ticket.generation) &&
        !spin(*slot, ticket.generation, deadline_ns)) {
        sleep_on(*slot, ticket.generation, deadline_ns);
    }
    if (spin_judge.knows_several_cpus()) spin_judge.ended(monotonic_ns());
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
