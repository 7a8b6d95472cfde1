// The call that gives a thread an alternate signal stack, on which our handlers run from then on:
// how large it is must be known before they do. As async-signal-safe as the call behind it.
#include "execute/syscalls.hpp"
#include "preload/base/export.hpp"
#include "preload/base/real.hpp"
#include "preload/base/start.hpp"
#include "preload/registry/registry.hpp"

#include <signal.h>

namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;

THREADFAULT_EXPORT int sigaltstack(const stack_t* next, stack_t* old) noexcept {
    shim::ensure_loaded();
    stack_t asked{};
    if (next != nullptr) asked = *next;  // the two may be the same
    const int result = real::sigaltstack(next, old);
    // A vfork child shares our memory, but not our stacks.
    if (result == 0 && next != nullptr && !shim::is_foreign_process()) {
        shim::note_alternate_stack(asked);
    }
    return result;
}
