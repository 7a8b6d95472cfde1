#include "preload/faults/death.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/real.hpp"
#include "preload/registry/graveyard.hpp"
#include "preload/registry/registry.hpp"

#include <pthread.h>

namespace threadfault::shim {

namespace {

// Nothing unwinds, locks stay held, libc does not know; the agent buries the record.
void end_by_raw_exit() noexcept {
    announce_vanishing();
    for (;;)
        execute::sys_call(SYS_exit, 0);
}

}  // namespace

void end_self(wire::Fault fault) {
    switch (fault) {
        case wire::Fault::vanish:
            end_by_raw_exit();
            break;
        case wire::Fault::exit:
            mark_end(End::exited);
            real::pthread_exit(nullptr);
            break;
        case wire::Fault::async_cancel: {
            // First the request, as another thread would leave it: with the asynchronous type in
            // force (the program's, or libc's inside a system call) glibc ends the calling thread
            // at once and leaves out the mark that it is cancelled, and its clean-up code hangs at
            // its first cancellation point. Then the type, which acts upon the request.
            int before = 0;
            ::pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before);
            ::pthread_cancel(::pthread_self());
            int deferred = 0;
            ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &deferred);
            // Cancellation is disabled: leave no more behind than the pending request.
            ::pthread_setcanceltype(before, nullptr);
            break;
        }
        default:
            ::pthread_cancel(::pthread_self());
            break;
    }
}

}  // namespace threadfault::shim
