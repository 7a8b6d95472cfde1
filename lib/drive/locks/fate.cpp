#include "drive/locks/fate.hpp"

#include "base/duration.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <algorithm>

namespace threadfault::drive {

std::string_view end_verb(wire::EndKind how) noexcept {
    switch (how) {
        case wire::EndKind::returned:
            return "returned";
        case wire::EndKind::exited:
            return "exited";
        case wire::EndKind::cancelled:
            return "was cancelled";
        case wire::EndKind::vanished:
            return "vanished";
        case wire::EndKind::unknown:
            break;
    }
    return "ended";
}

Fate Fates::of(pid_t inner_tid) {
    const auto dead = connection_ != nullptr ? connection_->dead(inner_tid) : std::nullopt;
    return dead ? told(*dead) : Fate{};
}

Fate Fates::of_sleeper(std::uint64_t begin, std::uint64_t end) {
    const auto dead = connection_ != nullptr ? connection_->dead_sleeper(begin, end) : std::nullopt;
    return dead ? told(*dead) : Fate{};
}

Fate Fates::told(const wire::DeadReply& dead) {
    Fate fate;
    fate.tid = dead.record.tid;
    fate.name = dead.record.name;
    fate.how = dead.how;
    if (dead.ended_ns == 0) {
        // Found gone: nobody knows since when.
        fate.text = "ended unannounced (a raw exit system call, or the kernel)";
    } else {
        const double ago =
            std::max(0.0, observe::boot_seconds() - static_cast<double>(dead.ended_ns) * 1e-9);
        fate.ago = ago;
        fate.text = formatted("{} {} ago", end_verb(dead.how), base::short_duration(ago));
    }
    if (dead.record.start_routine != 0) {
        const std::string& start =
            starts_.name(dead.record.start_routine, dead.record.start_argument);
        if (!start.empty() && !StartNames::is_trampoline(start))
            fate.text += formatted(", start routine {}", start);
    }
    fate.text += formatted(" ({})", path_text(dead.record));
    return fate;
}

}  // namespace threadfault::drive
