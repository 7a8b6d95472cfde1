#include "preload/points/besides.hpp"

#include "execute/syscalls.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace threadfault::shim {

namespace {

using execute::sys_call;
using inject::FileKind;
using inject::Subject;

// A stream that can't go on is told by a signal; a socket for messages is not.
bool comes_with_sigpipe(const CallArguments& arguments) noexcept {
    const Subject subject = look_at(arguments);
    if (subject.file != FileKind::socket) return true;
    if (arguments.has_flags && (arguments.flags & MSG_NOSIGNAL) != 0) return false;
    return subject.socket_type == SOCK_STREAM || subject.socket_type < 0;
}

// As send_sig() of the kernel: SI_USER, from this process. tgkill() would be SI_TKILL.
void signal_self(int signal_number) noexcept {
    siginfo_t info{};
    info.si_signo = signal_number;
    info.si_code = SI_USER;
    info.si_pid = execute::sys_getpid();
    info.si_uid = static_cast<uid_t>(sys_call(SYS_getuid));
    execute::sys_rt_tgsigqueueinfo(info.si_pid, execute::sys_gettid(), signal_number, &info);
}

}  // namespace

void raise_what_comes_with(int error, const CallArguments& arguments) noexcept {
    if (error == EPIPE && comes_with_sigpipe(arguments)) signal_self(SIGPIPE);
    if (error == EFBIG) signal_self(SIGXFSZ);
}

bool interrupt_connection(const CallArguments& arguments, const sockaddr* to, socklen_t length,
                          int* result) noexcept {
    const int socket = arguments.descriptor;
    // An AF_UNIX stream that is interrupted has not begun: it waited for room in a queue.
    if (look_at(arguments).family == AF_UNIX) return true;
    const long flags = sys_call(SYS_fcntl, socket, F_GETFL);
    if (flags < 0) return true;
    // Begun without waiting: as far as a call comes that a signal finds waiting.
    sys_call(SYS_fcntl, socket, F_SETFL, flags | O_NONBLOCK);
    const long began = sys_call(SYS_connect, socket, to, length);
    sys_call(SYS_fcntl, socket, F_SETFL, flags);
    if (began == -EINPROGRESS || began == -EALREADY) return true;
    // It would not have waited, so no signal could have interrupted it.
    *result = began < 0 ? -1 : 0;
    if (began < 0) errno = static_cast<int>(-began);
    return false;
}

}  // namespace threadfault::shim
