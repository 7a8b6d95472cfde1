// The words of the public interface.
#include "drive/faults/death.hpp"
#include "drive/faults/inflict.hpp"
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

std::string_view to_string(How how) noexcept {
    switch (how) {
        case How::cancel:
            return "cancel";
        case How::async_cancel:
            return "async-cancel";
        case How::exit:
            return "exit";
        case How::vanish:
            return "vanish";
    }
    return "";
}

std::optional<How> parse_how(std::string_view text) noexcept {
    for (const How how : {How::cancel, How::async_cancel, How::exit, How::vanish}) {
        if (to_string(how) == text) return how;
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
    if (signal) return formatted("was ended by {}", drive::signal_name(*signal));
    return "ended";
}

bool LockReport::has_orphans() const noexcept {
    return std::any_of(locks.begin(), locks.end(),
                       [](const LockInfo& lock) { return lock.orphaned; });
}

}  // namespace threadfault
