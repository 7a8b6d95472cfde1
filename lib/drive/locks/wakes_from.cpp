#include "drive/locks/wakes_from.hpp"

#include "arch/call.hpp"

#include <sys/syscall.h>

namespace threadfault::drive {

WakesFrom wakes_from(const observe::TaskSyscall& call) noexcept {
    const auto& arguments = call.arguments;
    const auto limited = [](bool is) { return is ? WakesFrom::time : WakesFrom::input; };
    switch (call.number) {
        case SYS_futex:
            return arguments[3] != 0 ? WakesFrom::time : WakesFrom::no;
        case SYS_nanosleep:
        case SYS_clock_nanosleep:
        case SYS_restart_syscall:  // of a call with a time limit that was interrupted
            return WakesFrom::time;
        case arch::kPoll:
            return limited(static_cast<std::int32_t>(arguments[2]) >= 0);
        case SYS_ppoll:
        case SYS_rt_sigtimedwait:
            return limited(arguments[2] != 0);
        case arch::kSelect:
        case SYS_pselect6:
            return limited(arguments[4] != 0);
        case arch::kEpollWait:
        case SYS_epoll_pwait:
            return limited(static_cast<std::int32_t>(arguments[3]) >= 0);
        case SYS_epoll_pwait2:
            return limited(arguments[3] != 0);
        case SYS_io_getevents:
        case SYS_mq_timedreceive:
        case SYS_mq_timedsend:
            return limited(arguments[4] != 0);
        case SYS_read:
        case SYS_readv:
        case SYS_pread64:
        case SYS_write:
        case SYS_writev:
        case SYS_recvfrom:
        case SYS_recvmsg:
        case SYS_recvmmsg:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_accept:
        case SYS_accept4:
        case SYS_connect:
        case arch::kPause:
        case SYS_rt_sigsuspend:
        case SYS_wait4:
        case SYS_waitid:
        case SYS_io_uring_enter:
        case SYS_msgrcv:
        case SYS_msgsnd:
        case SYS_flock:
            return WakesFrom::input;
        default:
            return WakesFrom::no;
    }
}

}  // namespace threadfault::drive
