// Signals with a number of ours that wait for the process: the program's own. The helper, which
// lets those numbers in while it sleeps, must leave them to the program's threads.
#ifndef THREADFAULT_PRELOAD_PROGRAM_SIGNALS_HPP
#define THREADFAULT_PRELOAD_PROGRAM_SIGNALS_HPP

#include "preload/base/signals.hpp"

#include <cstdint>

namespace threadfault::shim {

// Those that wait now. A system call; a look into /proc where any of ours waits, for the process or
// for the helper.
Mask signals_for_the_program() noexcept;

// How long the helper may sleep without them: nothing tells when a thread has taken them. Doubled
// each time that they are there, up to half a second.
class Reticence {
public:
    // `theirs`: as just seen. When to look again; kNever: there are none.
    std::int64_t again(Mask theirs, std::int64_t now) noexcept;

private:
    std::int64_t pause_ = 0;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_PROGRAM_SIGNALS_HPP
