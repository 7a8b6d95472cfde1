#include "preload/faults/on_self.hpp"

#include "base/fault.hpp"
#include "execute/syscalls.hpp"
#include "preload/faults/death.hpp"
#include "preload/faults/hold.hpp"
#include "preload/registry/events.hpp"
#include "preload/registry/registry.hpp"

namespace threadfault::shim {

namespace {

using wire::Fault;

// As in a handler (faults/victim.cpp): unwinding out of libc's own start and end of a thread would
// skip what libc still has to do there.
bool is_coming_or_going(const Record* record) noexcept {
    if (record == nullptr) return is_newborn() || has_left();
    return record->end.load(std::memory_order_relaxed) != End::none ||
           record->life.load(std::memory_order_relaxed) == Life::ending;
}

// For threads without a record, which can't be thawed. A raw wait: nanosleep() is a cancellation
// point, and interposed.
void stand_still(std::int64_t duration_ns) noexcept {
    std::atomic<std::uint32_t> word{0};
    const std::int64_t until = execute::monotonic_ns() + duration_ns;
    while (execute::monotonic_ns() < until)
        execute::sys_futex_wait(&word, 0, until);
}

}  // namespace

void inflict_on_self(Fault fault, std::int64_t duration_ns) {
    Record* const record = self();
    if (record != nullptr) {
        tell(wire::EventKind::fault, *record,
             static_cast<std::uint32_t>(fault) |
                 static_cast<std::uint32_t>(wire::FaultOutcome::done) << wire::kOutcomeShift);
    }
    const base::FaultInfo& kind = base::info(fault);
    if (kind.holds) {
        if (record == nullptr) return stand_still(duration_ns);
        const Hold hold(fault, duration_ns, nullptr);
        return hold.last();
    }
    if (kind.unwinds && is_coming_or_going(record)) return;
    end_self(fault);
}

}  // namespace threadfault::shim
