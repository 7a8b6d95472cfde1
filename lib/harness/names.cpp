// The words of the results.
#include "base/signal_name.hpp"
#include "format/format.hpp"
#include "threadfault/target.hpp"

#include <algorithm>

namespace threadfault {

std::string Exit::text() const {
    if (code) return formatted("exited with code {}", *code);
    if (signal) return formatted("was ended by {}", base::signal_name(*signal));
    return "ended";
}

bool LockReport::has_orphans() const noexcept {
    return std::any_of(locks.begin(), locks.end(),
                       [](const LockInfo& lock) { return lock.orphaned; });
}

}  // namespace threadfault
