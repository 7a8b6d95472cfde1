#include "observe/stop_effects.hpp"

#include "arch/call.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace threadfault::observe {
namespace {

// Which argument has the call's time limit, and what it is without one.
enum class Limit : unsigned char { no_matter, pointer_or_null, milliseconds };

struct StoppedCall {
    long number;
    StopEffect effect;  // where it has a time limit, or none matters
    Limit limit = Limit::no_matter;
    int argument = 0;
};

constexpr long kFutexWaitv = 449;
constexpr long kFutexWait = 455;

// Measured call by call (Linux 6.18); signal(7) has those that "are never restarted".
constexpr StoppedCall kStoppedCalls[] = {
    // The kernel restarts them by itself, with what is left of the time.
    {SYS_futex, StopEffect::none},
    {kFutexWaitv, StopEffect::none},
    {kFutexWait, StopEffect::none},
    {SYS_read, StopEffect::none},
    {SYS_readv, StopEffect::none},
    {SYS_pread64, StopEffect::none},
    {SYS_preadv, StopEffect::none},
    {SYS_recvfrom, StopEffect::none},
    {SYS_recvmsg, StopEffect::none},
    {SYS_accept4, StopEffect::none},
    {SYS_ppoll, StopEffect::none},
    {SYS_pselect6, StopEffect::none},
    {SYS_nanosleep, StopEffect::none},
    {SYS_clock_nanosleep, StopEffect::none},
    {SYS_restart_syscall, StopEffect::none},
    {SYS_wait4, StopEffect::none},
    {SYS_waitid, StopEffect::none},
    {SYS_flock, StopEffect::none},
    {SYS_fcntl, StopEffect::none},
    {SYS_msgrcv, StopEffect::none},
    {SYS_rt_sigsuspend, StopEffect::none},
    {SYS_mq_timedreceive, StopEffect::none},
    {arch::kPoll, StopEffect::none},
    {arch::kSelect, StopEffect::none},
    {arch::kPause, StopEffect::none},
    {SYS_accept, StopEffect::none},
    // They return EINTR, whatever the reason.
    {arch::kEpollWait, StopEffect::starts_anew, Limit::milliseconds, 3},
    {SYS_epoll_pwait, StopEffect::starts_anew, Limit::milliseconds, 3},
    {SYS_epoll_pwait2, StopEffect::starts_anew, Limit::pointer_or_null, 3},
    {SYS_semop, StopEffect::none},
    {SYS_semtimedop, StopEffect::starts_anew, Limit::pointer_or_null, 3},
    {SYS_rt_sigtimedwait, StopEffect::starts_anew, Limit::pointer_or_null, 2},
    {SYS_io_getevents, StopEffect::starts_anew, Limit::pointer_or_null, 4},
    {SYS_recvmmsg, StopEffect::shows},
    // A part of the work may be done.
    {SYS_write, StopEffect::shows},
    {SYS_writev, StopEffect::shows},
    {SYS_pwrite64, StopEffect::shows},
    {SYS_pwritev, StopEffect::shows},
    {SYS_sendto, StopEffect::shows},
    {SYS_sendmsg, StopEffect::shows},
    {SYS_sendmmsg, StopEffect::shows},
    {SYS_sendfile, StopEffect::shows},
    {SYS_splice, StopEffect::shows},
    {SYS_copy_file_range, StopEffect::shows},
    {SYS_getrandom, StopEffect::shows},
    {SYS_connect, StopEffect::shows},
    {SYS_close, StopEffect::shows},
};

bool has_limit(const StoppedCall& call, const TaskSyscall& seen) {
    const std::uint64_t value = seen.arguments[call.argument];
    if (call.limit == Limit::milliseconds) return static_cast<std::int32_t>(value) > 0;
    return value != 0;
}

}  // namespace

StopEffect stop_effect(const TaskSyscall& call) {
    // io_uring_enter(2): the kernel tells how many entries it has taken, and does not wait again.
    if (call.number == SYS_io_uring_enter) {
        return call.arguments[1] == 0 ? StopEffect::none : StopEffect::shows;
    }
    const auto* const found =
        std::find_if(std::begin(kStoppedCalls), std::end(kStoppedCalls),
                     [&](const StoppedCall& known) { return known.number == call.number; });
    if (found == std::end(kStoppedCalls)) return StopEffect::unknown;
    if (found->limit != Limit::no_matter && !has_limit(*found, call)) return StopEffect::none;
    return found->effect;
}

bool may_rewind(long number) {
    // A descriptor is closed although close(2) says EINTR; restart_syscall(2) has nothing to
    // restart any more.
    return number >= 0 && number != SYS_close && number != SYS_restart_syscall;
}

}  // namespace threadfault::observe
