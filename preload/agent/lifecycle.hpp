// What the helper thread and those that start and end it share.
#ifndef THREADFAULT_PRELOAD_LIFECYCLE_HPP
#define THREADFAULT_PRELOAD_LIFECYCLE_HPP

#include "preload/base/signals.hpp"

namespace threadfault::shim {

// The helper's whole life, on the helper: prepares, serves until told to stop. False: it could not
// begin, and never will in this process.
bool run_agent() noexcept;

// Has the helper been asked to end?
bool should_stop() noexcept;

// The helper's own wish to go while main is alone: is_alone() is asked when everybody who makes a
// thread can see that the helper leaves. True: it has left, and must end now.
bool leave_alone_main(bool (*is_alone)()) noexcept;

// Ends the helper as the last thread of the process. Does not return.
void end_with_the_process() noexcept;

// Is a client connected, or something in force? For agent_before_fork().
void set_agent_busy(bool now) noexcept;

// The helper is about to sleep with these signals (those of ours but `theirs`) let in; it is awake
// again: none.
Mask begin_to_listen(Mask theirs) noexcept;
void end_to_listen() noexcept;

// Held while a signal is queued to a user thread. False: exec is under way, don't.
class SendPermit {
public:
    SendPermit() noexcept;
    ~SendPermit();
    SendPermit(const SendPermit&) = delete;
    SendPermit& operator=(const SendPermit&) = delete;
    explicit operator bool() const noexcept { return granted_; }

private:
    bool granted_;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_LIFECYCLE_HPP
