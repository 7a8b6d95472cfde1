// The words of the public interface.
#include "base/fault.hpp"
#include "base/signal_name.hpp"
#include "format/format.hpp"
#include "threadfault/target.hpp"

#include <algorithm>

namespace threadfault {

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::ended:
            return "ended";
        case Outcome::done:
            return "done";
        case Outcome::pending:
            return "pending";
        case Outcome::refused:
            return "refused";
        case Outcome::target_died:
            return "target-died";
    }
    return "";
}

// The public enumeration is in the order of the table.
static_assert(base::kDeaths[static_cast<std::size_t>(How::cancel)] == base::Fault::cancel);
static_assert(base::kDeaths[static_cast<std::size_t>(How::async_cancel)] ==
              base::Fault::async_cancel);
static_assert(base::kDeaths[static_cast<std::size_t>(How::exit)] == base::Fault::exit);
static_assert(base::kDeaths[static_cast<std::size_t>(How::vanish)] == base::Fault::vanish);

base::Fault fault_of(How how) noexcept {
    const auto place = static_cast<std::size_t>(how);
    return place < base::kDeaths.size() ? base::kDeaths[place] : base::kDeaths[0];
}

std::string_view to_string(How how) noexcept {
    return base::info(fault_of(how)).name;
}

std::optional<How> parse_how(std::string_view text) noexcept {
    for (std::size_t i = 0; i < base::kDeaths.size(); ++i) {
        if (base::kDeathNames[i] == text) return static_cast<How>(i);
    }
    return std::nullopt;
}

std::string_view to_string(Progress progress) noexcept {
    switch (progress) {
        case Progress::progressing:
            return "progressing";
        case Progress::idle:
            return "idle";
        case Progress::stuck:
            return "stuck";
        case Progress::unknown:
            return "unknown";
    }
    return "";
}

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
