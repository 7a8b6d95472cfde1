#include "drive/faults/event_fault.hpp"

namespace threadfault::drive {
namespace {

Outcome outcome_of(std::uint32_t how) noexcept {
    switch (static_cast<wire::FaultOutcome>(how >> wire::kOutcomeShift)) {
        case wire::FaultOutcome::ended:
            return Outcome::ended;
        case wire::FaultOutcome::pending:
            return Outcome::pending;
        default:
            return Outcome::done;
    }
}

}  // namespace

EventFault event_fault(const wire::EventReply& event) noexcept {
    constexpr std::uint32_t kFaultBits = (1U << wire::kOutcomeShift) - 1;
    return {static_cast<base::Fault>(event.how & kFaultBits), outcome_of(event.how)};
}

}  // namespace threadfault::drive
