// Reading, writing, sockets, files.
#include "preload/points/besides.hpp"
#include "preload/points/forward.hpp"

#include <stdarg.h>

namespace real = threadfault::shim::real;
using threadfault::inject::Call;

namespace {

// The third argument is there only where a file may be made (open(2)).
constexpr bool has_mode(int flags) noexcept {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

}  // namespace

#define THREADFAULT_MODE(flags, mode) \
    mode_t mode = 0;                  \
    if (has_mode(flags)) {            \
        va_list list;                 \
        va_start(list, flags);        \
        mode = va_arg(list, mode_t);  \
        va_end(list);                 \
    }

THREADFAULT_EXPORT int open(const char* path, int flags, ...) {
    THREADFAULT_MODE(flags, mode)
    return threadfault::shim::point<Call::open, real::open>(path, flags, mode);
}

THREADFAULT_EXPORT int open64(const char* path, int flags, ...) {
    THREADFAULT_MODE(flags, mode)
    return threadfault::shim::point<Call::open, real::open64>(path, flags, mode);
}

THREADFAULT_EXPORT int openat(int directory, const char* path, int flags, ...) {
    THREADFAULT_MODE(flags, mode)
    return threadfault::shim::point<Call::openat, real::openat>(directory, path, flags, mode);
}

THREADFAULT_EXPORT int openat64(int directory, const char* path, int flags, ...) {
    THREADFAULT_MODE(flags, mode)
    return threadfault::shim::point<Call::openat, real::openat64>(directory, path, flags, mode);
}

// clang-format off
THREADFAULT_FORWARD(open, int, __open_2, (const char* path, int flags), (path, flags))
THREADFAULT_FORWARD(open, int, __open64_2, (const char* path, int flags), (path, flags))
THREADFAULT_FORWARD(openat, int, __openat_2, (int directory, const char* path, int flags), (directory, path, flags))
THREADFAULT_FORWARD(openat, int, __openat64_2, (int directory, const char* path, int flags), (directory, path, flags))
THREADFAULT_FORWARD(creat, int, creat, (const char* path, mode_t mode), (path, mode))
THREADFAULT_FORWARD(creat, int, creat64, (const char* path, mode_t mode), (path, mode))
THREADFAULT_FORWARD_INSTEAD(close, CloseAndFail, int, close, (int descriptor), (descriptor))
THREADFAULT_FORWARD(fsync, int, fsync, (int descriptor), (descriptor))
THREADFAULT_FORWARD(fdatasync, int, fdatasync, (int descriptor), (descriptor))
THREADFAULT_FORWARD(msync, int, msync, (void* address, size_t length, int flags), (address, length, flags))
THREADFAULT_FORWARD(lockf, int, lockf, (int descriptor, int command, off_t length), (descriptor, command, length))
THREADFAULT_FORWARD(lockf, int, lockf64, (int descriptor, int command, off64_t length), (descriptor, command, length))
THREADFAULT_FORWARD(tcdrain, int, tcdrain, (int descriptor), (descriptor))

THREADFAULT_FORWARD(read, ssize_t, read, (int descriptor, void* buffer, size_t size), (descriptor, buffer, size))
THREADFAULT_FORWARD(read, ssize_t, __read_chk, (int descriptor, void* buffer, size_t size, size_t room), (descriptor, buffer, size, room))
THREADFAULT_FORWARD(readv, ssize_t, readv, (int descriptor, const iovec* parts, int count), (descriptor, parts, count))
THREADFAULT_FORWARD(pread, ssize_t, pread, (int descriptor, void* buffer, size_t size, off_t at), (descriptor, buffer, size, at))
THREADFAULT_FORWARD(pread, ssize_t, pread64, (int descriptor, void* buffer, size_t size, off64_t at), (descriptor, buffer, size, at))
THREADFAULT_FORWARD(pread, ssize_t, __pread_chk, (int descriptor, void* buffer, size_t size, off_t at, size_t room), (descriptor, buffer, size, at, room))
THREADFAULT_FORWARD(pread, ssize_t, __pread64_chk, (int descriptor, void* buffer, size_t size, off64_t at, size_t room), (descriptor, buffer, size, at, room))
THREADFAULT_FORWARD_INSTEAD(write, FailAndSignal<::threadfault::inject::Call::write>, ssize_t, write, (int descriptor, const void* buffer, size_t size), (descriptor, buffer, size))
THREADFAULT_FORWARD_INSTEAD(writev, FailAndSignal<::threadfault::inject::Call::writev>, ssize_t, writev, (int descriptor, const iovec* parts, int count), (descriptor, parts, count))
THREADFAULT_FORWARD_INSTEAD(pwrite, FailAndSignal<::threadfault::inject::Call::pwrite>, ssize_t, pwrite, (int descriptor, const void* buffer, size_t size, off_t at), (descriptor, buffer, size, at))
THREADFAULT_FORWARD_INSTEAD(pwrite, FailAndSignal<::threadfault::inject::Call::pwrite>, ssize_t, pwrite64, (int descriptor, const void* buffer, size_t size, off64_t at), (descriptor, buffer, size, at))

THREADFAULT_FORWARD(recv, ssize_t, recv, (int socket, void* buffer, size_t size, int flags), (socket, buffer, size, flags))
THREADFAULT_FORWARD(recv, ssize_t, __recv_chk, (int socket, void* buffer, size_t size, size_t room, int flags), (socket, buffer, size, room, flags))
THREADFAULT_FORWARD(recvfrom, ssize_t, recvfrom, (int socket, void* buffer, size_t size, int flags, sockaddr* from, socklen_t* length), (socket, buffer, size, flags, from, length))
THREADFAULT_FORWARD(recvfrom, ssize_t, __recvfrom_chk, (int socket, void* buffer, size_t size, size_t room, int flags, sockaddr* from, socklen_t* length), (socket, buffer, size, room, flags, from, length))
THREADFAULT_FORWARD(recvmsg, ssize_t, recvmsg, (int socket, msghdr* message, int flags), (socket, message, flags))
THREADFAULT_FORWARD_INSTEAD(send, FailAndSignal<::threadfault::inject::Call::send>, ssize_t, send, (int socket, const void* buffer, size_t size, int flags), (socket, buffer, size, flags))
THREADFAULT_FORWARD_INSTEAD(sendto, FailAndSignal<::threadfault::inject::Call::sendto>, ssize_t, sendto, (int socket, const void* buffer, size_t size, int flags, const sockaddr* to, socklen_t length), (socket, buffer, size, flags, to, length))
THREADFAULT_FORWARD_INSTEAD(sendmsg, FailAndSignal<::threadfault::inject::Call::sendmsg>, ssize_t, sendmsg, (int socket, const msghdr* message, int flags), (socket, message, flags))
THREADFAULT_FORWARD(accept, int, accept, (int socket, sockaddr* from, socklen_t* length), (socket, from, length))
THREADFAULT_FORWARD(accept4, int, accept4, (int socket, sockaddr* from, socklen_t* length, int flags), (socket, from, length, flags))
THREADFAULT_FORWARD_INSTEAD(connect, ConnectAndFail, int, connect, (int socket, const sockaddr* to, socklen_t length), (socket, to, length))

THREADFAULT_FORWARD(mq_send, int, mq_send, (mqd_t queue, const char* message, size_t size, unsigned priority), (queue, message, size, priority))
THREADFAULT_FORWARD(mq_timedsend, int, mq_timedsend, (mqd_t queue, const char* message, size_t size, unsigned priority, const timespec* deadline), (queue, message, size, priority, deadline))
THREADFAULT_FORWARD(mq_receive, ssize_t, mq_receive, (mqd_t queue, char* message, size_t size, unsigned* priority), (queue, message, size, priority))
THREADFAULT_FORWARD(mq_timedreceive, ssize_t, mq_timedreceive, (mqd_t queue, char* message, size_t size, unsigned* priority, const timespec* deadline), (queue, message, size, priority, deadline))
THREADFAULT_FORWARD(msgsnd, int, msgsnd, (int queue, const void* message, size_t size, int flags), (queue, message, size, flags))
THREADFAULT_FORWARD(msgrcv, ssize_t, msgrcv, (int queue, void* message, size_t size, long type, int flags), (queue, message, size, type, flags))
// clang-format on
