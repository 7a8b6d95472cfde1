// --how: which deeds there are, and which of them may be done at a point.
#ifndef THREADFAULT_SWEEP_DEEDS_HPP
#define THREADFAULT_SWEEP_DEEDS_HPP

#include "sweep/model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::sweep {

// What the words of --how ask for.
struct Wanted {
    bool cancel = false;
    bool exit = false;
    bool vanish = false;
    bool vanish_under_robust = false;  // where a robust mutex is held, whose next owner is told
    bool call_errors = false;
    bool interrupts = false;  // EINTR is among them
    bool spurious = false;
    std::vector<Deed> freezes;
};

// "": cancellation, spurious wakeups, calls that fail, freezes of two seconds, and vanishing where
// a robust mutex is held: what can happen to a program that does not expect it. Throws
// Error{usage}.
Wanted parse_how(std::string_view text);

// "cancel", "freeze=2s", "error=EIO": one deed, as an experiment's id has it. Throws Error{usage}.
Deed parse_deed(const std::string& name, Call call);

struct Placed {
    Deed deed;
    Side side = Side::before;
};
// What may be done to a thread.
enum class Role : std::uint8_t {
    spared,  // nothing
    caller,  // its calls may fail; main, unless it was asked for
    victim,
};
// `threads`: as in Options. Throws Error{usage} for what names no thread.
Role role_of(const Point& point, const std::vector<std::string>& threads);

// All that can legitimately happen at a point under these circumstances (docs/injecting.md).
std::vector<Placed> deeds_at(const Point& point, const Sample& sample, const Wanted& wanted,
                             Role role);

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_DEEDS_HPP
