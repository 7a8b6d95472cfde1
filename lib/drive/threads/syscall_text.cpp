#include "arch/call.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace threadfault::drive {
namespace {

struct Name {
    long number;
    std::string_view name;
    bool takes_descriptor;  // the first argument is a descriptor worth showing
};

// The system calls in which threads are found blocked. Others are shown by number.
constexpr std::array kSyscalls = std::to_array<Name>({
    {SYS_read, "read", true},
    {SYS_write, "write", true},
    {SYS_readv, "readv", true},
    {SYS_writev, "writev", true},
    {SYS_pread64, "pread", true},
    {SYS_pwrite64, "pwrite", true},
    {arch::kPoll, "poll", false},
    {SYS_ppoll, "ppoll", false},
    {arch::kSelect, "select", false},
    {SYS_pselect6, "pselect", false},
    {arch::kEpollWait, "epoll_wait", true},
    {SYS_epoll_pwait, "epoll_pwait", true},
    {SYS_epoll_pwait2, "epoll_pwait2", true},
    {SYS_accept, "accept", true},
    {SYS_accept4, "accept", true},
    {SYS_connect, "connect", true},
    {SYS_recvfrom, "recv", true},
    {SYS_recvmsg, "recvmsg", true},
    {SYS_recvmmsg, "recvmmsg", true},
    {SYS_sendto, "send", true},
    {SYS_sendmsg, "sendmsg", true},
    {SYS_sendmmsg, "sendmmsg", true},
    {SYS_nanosleep, "nanosleep", false},
    {SYS_clock_nanosleep, "clock_nanosleep", false},
    {arch::kPause, "pause", false},
    {SYS_rt_sigsuspend, "sigsuspend", false},
    {SYS_rt_sigtimedwait, "sigwait", false},
    {SYS_restart_syscall, "restarted call", false},
    {SYS_wait4, "wait4", false},
    {SYS_waitid, "waitid", false},
    {SYS_futex, "futex", false},
    {SYS_flock, "flock", true},
    {SYS_fcntl, "fcntl", true},
    {SYS_fsync, "fsync", true},
    {SYS_fdatasync, "fdatasync", true},
    {SYS_openat, "openat", false},
    {SYS_msgrcv, "msgrcv", false},
    {SYS_msgsnd, "msgsnd", false},
    {SYS_semop, "semop", false},
    {SYS_semtimedop, "semtimedop", false},
    {SYS_mq_timedreceive, "mq_receive", true},
    {SYS_mq_timedsend, "mq_send", true},
    {SYS_io_getevents, "io_getevents", false},
    {SYS_io_uring_enter, "io_uring_enter", true},
    {SYS_splice, "splice", true},
    {SYS_sendfile, "sendfile", true},
    {arch::kVfork, "vfork", false},
    {SYS_clone, "clone", false},
    {SYS_clone3, "clone3", false},
    {SYS_execve, "execve", false},
    {SYS_exit_group, "exit_group", false},
    {SYS_munmap, "munmap", false},
    {SYS_mmap, "mmap", false},
    {SYS_ioctl, "ioctl", true},
    {SYS_sched_yield, "sched_yield", false},
});

}  // namespace

std::string syscall_text(const observe::TaskSyscall& syscall) {
    if (syscall.running || syscall.number < 0) return {};
    const auto found = std::find_if(kSyscalls.begin(), kSyscalls.end(), [&](const Name& name) {
        return name.number == syscall.number;
    });
    if (found == kSyscalls.end()) return formatted("system call {}", syscall.number);
    if (!found->takes_descriptor) return std::string(found->name);
    return formatted("{}({})", found->name, static_cast<int>(syscall.arguments[0]));
}

}  // namespace threadfault::drive
