// The calls that edit or read what a signal does. Our handlers stay in place; the program reads
// back what it set. A program that installs a handler on one of our signals gets it, and we move.
#include "preload/base/believed_actions.hpp"
#include "preload/base/export.hpp"
#include "preload/base/real.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/installation.hpp"
#include "preload/registry/agent_calls.hpp"

#include <errno.h>
#include <signal.h>

#include <cstring>

namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;
using threadfault::shim::assign;
using threadfault::shim::is_wholesale;
using threadfault::shim::Mask;
using threadfault::shim::reserved_mask;
using threadfault::shim::to_mask;

namespace {

// Which of our signals the program put into the sa_mask of each of its actions, where that can't
// be inferred from the mask that the kernel holds.
constinit std::atomic<Mask> named_in_mask[65]{};

bool is_handler(sighandler_t handler) {
    return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR;
}

// What libc puts into every action that it hands to the kernel.
void (*restorer_of(int signal_number))() {
    struct sigaction now;
    return real::sigaction(signal_number, nullptr, &now) == 0 ? now.sa_restorer : nullptr;
}

// A covered signal, and `act` is no handler: remember, and leave ours where it is.
int believe(int signal_number, const struct sigaction* act, struct sigaction* old) {
    struct sigaction asked {};
    if (act != nullptr) asked = *act;  // the two may be the same
    if (old != nullptr) shim::load_believed_action(signal_number, old);
    if (act == nullptr) return 0;
    // A vfork child shares our memory, but not our dispositions: what it sets is its own.
    if (shim::is_foreign_process()) return real::sigaction(signal_number, &asked, nullptr);
    shim::believe_action(signal_number, asked, restorer_of(signal_number));
    return 0;
}

int set_ordinary(int signal_number, const struct sigaction* act, struct sigaction* old) {
    struct sigaction stripped;
    const struct sigaction* used = act;
    Mask named = 0;
    if (act != nullptr) {
        // A handler that runs with us shut out would make its thread deaf for as long as it runs.
        // One with a filter is deaf anyway, and what we need for that may be forbidden to it.
        if (is_wholesale(to_mask(act->sa_mask)) && !shim::is_filter_known() &&
            !shim::is_foreign_process()) {
            shim::install_handlers();
        }
        named = to_mask(act->sa_mask) & reserved_mask();
        if (named != 0) {
            stripped = *act;
            assign(&stripped.sa_mask, to_mask(act->sa_mask) & ~named);
            used = &stripped;
            if (is_wholesale(to_mask(stripped.sa_mask))) named = 0;
        }
    }
    const int result = real::sigaction(signal_number, used, old);
    if (result != 0 || signal_number < 1 || signal_number > 64) return result;
    auto& remembered = named_in_mask[signal_number];
    const Mask before = remembered.load(std::memory_order_relaxed);
    if (old != nullptr) {
        const Mask kernel = to_mask(old->sa_mask);
        assign(&old->sa_mask,
               kernel | (is_wholesale(kernel) ? shim::ever_reserved_mask() : before));
    }
    if (act != nullptr && before != named && !shim::is_foreign_process()) {
        remembered.store(named, std::memory_order_relaxed);
    }
    return 0;
}

// After it, a reserved signal is the program's own.
void make_way(int signal_number, sighandler_t handler) {
    shim::ensure_loaded();
    if (shim::is_reserved(signal_number) && is_handler(handler)) {
        shim::signal_taken(signal_number);
        shim::tell_agent_of_move();
    }
}

// The program puts a handler of its own on a covered signal: what it reads back of the former
// action is what it believed.
template <typename Put>
auto put_own_handler(int signal_number, struct sigaction* believed, Put put) {
    shim::load_believed_action(signal_number, believed);
    const bool own_process = !shim::is_foreign_process();
    if (own_process) shim::uncover(signal_number);
    auto result = put();
    struct sigaction nothing;
    std::memset(&nothing, 0, sizeof nothing);
    if (own_process) shim::believe_action(signal_number, nothing, nullptr);
    return result;
}

// signal() and its like on a covered signal: the former handler, after remembering the new one.
sighandler_t believe_handler(int signal_number, sighandler_t handler, bool as_in_bsd) {
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    if (as_in_bsd) {
        action.sa_flags = SA_RESTART;
        sigaddset(&action.sa_mask, signal_number);
    }
    struct sigaction old;
    believe(signal_number, &action, &old);
    return old.sa_handler;
}

template <typename Real>
sighandler_t set_handler(Real& real_call, int signal_number, sighandler_t handler, bool as_in_bsd) {
    make_way(signal_number, handler);
    if (handler == SIG_ERR || !shim::is_covered(signal_number)) {
        return real_call(signal_number, handler);
    }
    if (!is_handler(handler)) return believe_handler(signal_number, handler, as_in_bsd);
    struct sigaction old;
    const sighandler_t former =
        put_own_handler(signal_number, &old, [&] { return real_call(signal_number, handler); });
    return former == SIG_ERR ? SIG_ERR : old.sa_handler;
}

}  // namespace

THREADFAULT_EXPORT int sigaction(int signal_number, const struct sigaction* act,
                                 struct sigaction* old) noexcept {
    make_way(signal_number, act != nullptr ? act->sa_handler : SIG_DFL);
    if (!shim::is_covered(signal_number)) return set_ordinary(signal_number, act, old);
    if (act == nullptr || !is_handler(act->sa_handler)) return believe(signal_number, act, old);
    struct sigaction former;
    const int result = put_own_handler(signal_number, &former,
                                       [&] { return set_ordinary(signal_number, act, nullptr); });
    if (result == 0 && old != nullptr) *old = former;
    return result;
}

THREADFAULT_EXPORT sighandler_t signal(int signal_number, sighandler_t handler) noexcept {
    return set_handler(real::signal, signal_number, handler, true);
}

THREADFAULT_EXPORT sighandler_t bsd_signal(int signal_number, sighandler_t handler) noexcept {
    return set_handler(real::signal, signal_number, handler, true);
}

THREADFAULT_EXPORT sighandler_t ssignal(int signal_number, sighandler_t handler) noexcept {
    return set_handler(real::signal, signal_number, handler, true);
}

THREADFAULT_EXPORT sighandler_t sysv_signal(int signal_number, sighandler_t handler) noexcept {
    return set_handler(real::sysv_signal, signal_number, handler, false);
}

THREADFAULT_EXPORT sighandler_t __sysv_signal(int signal_number, sighandler_t handler) noexcept {
    return set_handler(real::sysv_signal, signal_number, handler, false);
}

THREADFAULT_EXPORT int sigignore(int signal_number) noexcept {
    shim::ensure_loaded();
    if (!shim::is_covered(signal_number)) return real::sigignore(signal_number);
    believe_handler(signal_number, SIG_IGN, false);
    return 0;
}

THREADFAULT_EXPORT int siginterrupt(int signal_number, int interrupt) noexcept {
    shim::ensure_loaded();
    // libc would read our own action and install it again with other flags.
    if (shim::is_covered(signal_number)) return 0;
    return real::siginterrupt(signal_number, interrupt);
}

// System V: a disposition, or SIG_HOLD to block; what was blocked answers SIG_HOLD.
THREADFAULT_EXPORT sighandler_t sigset(int signal_number, sighandler_t handler) noexcept {
    make_way(signal_number, handler == SIG_HOLD ? SIG_DFL : handler);
    if (handler == SIG_ERR || !shim::is_covered(signal_number)) {
        return real::sigset(signal_number, handler);
    }
    if (is_handler(handler)) {
        struct sigaction former;
        const sighandler_t result = put_own_handler(
            signal_number, &former, [&] { return real::sigset(signal_number, handler); });
        return result == SIG_ERR || result == SIG_HOLD ? result : former.sa_handler;
    }
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    sigset_t before;
    sigprocmask(handler == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &one, &before);
    const bool held = sigismember(&before, signal_number) == 1;
    if (handler == SIG_HOLD) {
        struct sigaction old;
        believe(signal_number, nullptr, &old);
        return held ? SIG_HOLD : old.sa_handler;
    }
    const sighandler_t former = believe_handler(signal_number, handler, false);
    return held ? SIG_HOLD : former;
}
