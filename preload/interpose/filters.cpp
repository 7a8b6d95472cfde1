// The calls by which a program puts a seccomp filter on itself. From the next instruction on, any
// system call of ours may be the end of the process, the look whether there is a filter included:
// so they are noticed where they are made. Who makes them past libc is found out by that look.
// And the raw exit of a thread, whose status the process may end with.
#include "arch/syscall_entry.hpp"
#include "preload/agent/agent.hpp"
#include "preload/base/real.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/registry/registry.hpp"

#include <linux/seccomp.h>
#include <sys/syscall.h>

namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;

namespace {

// Everything that comes through syscall(), as the program passed it.
struct Words {
    long number;
    long of[6];
};

long pass(const Words& words) {
    return real::syscall(words.number, words.of[0], words.of[1], words.of[2], words.of[3],
                         words.of[4], words.of[5]);
}

// The helper must have gone before a filter on all threads comes, and stay away.
long filter_all(const Words& words) {
    const shim::HelperBan ban;
    const long result = pass(words);
    // Otherwise a positive number is the thread that could not be brought under it.
    const bool told_by_descriptor = (words.of[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
    if (result == 0 || (result > 0 && told_by_descriptor)) shim::note_filter_on_all();
    return result;
}

}  // namespace

// Out of the way of syscall() itself, which stays a jump for all but three numbers: a clone may
// return on another stack.
extern "C" [[gnu::visibility("hidden"), gnu::used]] long threadfault_look_at_syscall(
    long number, long first, long second, long third, long fourth, long fifth, long sixth) {
    shim::ensure_loaded();
    // Without asking whether it is a vfork child, which may be under a filter that we don't know
    // of: one would have to be the last to say anything.
    if (number == SYS_exit) shim::note_exit_status(static_cast<int>(first));
    // Asked before: afterwards it may be forbidden. A child that shares our memory is not us.
    const Words words{number, {first, second, third, fourth, fifth, sixth}};
    const bool by_prctl = number == SYS_prctl && first == PR_SET_SECCOMP;
    const bool filters = number == SYS_seccomp &&
                         (first == SECCOMP_SET_MODE_STRICT || first == SECCOMP_SET_MODE_FILTER);
    const bool foreign = (filters || by_prctl) && shim::is_foreign_process();
    if (filters && !foreign && (second & SECCOMP_FILTER_FLAG_TSYNC) != 0) return filter_all(words);
    const long result = pass(words);
    if ((filters || by_prctl) && !foreign && result >= 0) shim::note_own_filter();
    return result;
}

// The address behind `syscall` of the library that comes after us; null until it is known.
extern "C" {
[[gnu::visibility("hidden"), gnu::used]] constinit std::atomic<void*> threadfault_real_syscall{
    nullptr};
}

namespace {

[[gnu::constructor]] void find_real_syscall() noexcept {
    threadfault_real_syscall.store(reinterpret_cast<void*>(real::syscall.get()),
                                   std::memory_order_relaxed);
}

}  // namespace
