// The fault that an event tells of.
#ifndef THREADFAULT_DRIVE_FAULTS_EVENT_FAULT_HPP
#define THREADFAULT_DRIVE_FAULTS_EVENT_FAULT_HPP

#include "base/fault.hpp"
#include "threadfault/types.hpp"
#include "wire/wire.hpp"

namespace threadfault::drive {

struct EventFault {
    base::Fault fault{};
    Outcome outcome{};  // ended, pending or done
};

// Of an event whose kind is EventKind::fault.
EventFault event_fault(const wire::EventReply& event) noexcept;

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_EVENT_FAULT_HPP
