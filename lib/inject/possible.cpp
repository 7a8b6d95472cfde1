#include "inject/possible.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace threadfault::inject {

namespace {

// --- what the objects are ------------------------------------------------------------------------

// glibc's __kind: the type below, the protocols above; the same since 2.4 (nptl/pthreadP.h).
constexpr int kTypeBits = 3;
constexpr int kRecursive = 1;
constexpr int kErrorChecking = 2;
constexpr int kRobust = 16;
constexpr int kInheriting = 32;
constexpr int kProtecting = 64;

bool is_error_checking(const Subject& it) noexcept {
    return (it.mutex_kind & kTypeBits) == kErrorChecking;
}
bool is_recursive(const Subject& it) noexcept {
    return (it.mutex_kind & kTypeBits) == kRecursive;
}
bool is_robust(const Subject& it) noexcept {
    return (it.mutex_kind & kRobust) != 0;
}
bool has_protocol(const Subject& it) noexcept {
    return (it.mutex_kind & (kInheriting | kProtecting)) != 0;
}
bool knows_its_owner(const Subject& it) noexcept {
    return is_error_checking(it) || is_recursive(it) || is_robust(it) ||
           (it.mutex_kind & kInheriting) != 0;
}

template <FileKind... kKinds>
bool is_file(const Subject& it) noexcept {
    return ((it.file == kKinds) || ...);
}
template <FileKind... kKinds>
bool is_no_file(const Subject& it) noexcept {
    return !is_file<kKinds...>(it);
}
constexpr auto is_socket = is_file<FileKind::socket>;
constexpr auto is_regular = is_file<FileKind::regular>;

bool is_internet(const Subject& it) noexcept {
    return is_socket(it) && it.family != AF_UNIX;
}
bool is_stream(const Subject& it) noexcept {
    return it.socket_type == SOCK_STREAM;
}
bool is_no_stream(const Subject& it) noexcept {
    return !is_stream(it);
}
bool is_connectionless(const Subject& it) noexcept {
    return it.socket_type != SOCK_STREAM && it.socket_type != SOCK_SEQPACKET;
}

// signal(7): a file on a disk, never; a device may not know O_NONBLOCK.
bool gives_up(const Subject& it) noexcept {
    return (!it.waits || it.times_out) &&
           is_no_file<FileKind::regular, FileKind::directory, FileKind::block>(it);
}
bool can_be_interrupted(const Subject& it) noexcept {
    return it.waits || is_no_file<FileKind::pipe, FileKind::socket, FileKind::other>(it);
}
bool is_queue_that_waits(const Subject& it) noexcept {
    return it.waits;
}
bool is_queue_that_gives_up(const Subject& it) noexcept {
    return !it.waits;
}
// An AF_UNIX stream waits for room in the queue of connections; a datagram socket for nothing.
bool waits_to_connect(const Subject& it) noexcept {
    return it.waits && it.socket_type != SOCK_DGRAM;
}
bool gives_up_connecting(const Subject& it) noexcept {
    return it.family != AF_UNIX || !it.waits || it.times_out;
}

// --- what the flags are --------------------------------------------------------------------------

bool opens_to_write(const Subject& it) noexcept {
    return (it.flags & O_ACCMODE) != O_RDONLY || (it.flags & (O_CREAT | O_TRUNC)) != 0;
}
bool creates(const Subject& it) noexcept {
    return (it.flags & O_CREAT) != 0 || (it.flags & O_TMPFILE) == O_TMPFILE;
}
bool creates_alone(const Subject& it) noexcept {
    return (it.flags & O_CREAT) != 0 && (it.flags & O_EXCL) != 0;
}
bool waits_for_children(const Subject& it) noexcept {
    return (it.flags & WNOHANG) == 0;
}
bool waits_for_message(const Subject& it) noexcept {
    return (it.flags & IPC_NOWAIT) == 0;
}
bool waits_for_no_message(const Subject& it) noexcept {
    return !waits_for_message(it);
}
bool waits_for_lock(const Subject& it) noexcept {
    return it.flags == F_LOCK;
}
bool tries_lock(const Subject& it) noexcept {
    return it.flags == F_TLOCK || it.flags == F_TEST;
}
bool invalidates(const Subject& it) noexcept {
    return (it.flags & MS_INVALIDATE) != 0;
}
bool waits_for_time(const Subject& it) noexcept {
    return it.flags != 0;
}
bool has_attributes(const Subject& it) noexcept {
    return !it.has_no_attributes;
}

// --- the table -----------------------------------------------------------------------------------

template <typename... Calls>
constexpr CallSet set(Calls... calls) noexcept {
    CallSet all;
    (all.add(calls), ...);
    return all;
}

constexpr CallSet operator|(const CallSet& one, const CallSet& other) noexcept {
    return {{one.words[0] | other.words[0], one.words[1] | other.words[1]}};
}

using C = Call;
constexpr CallSet kWaitingLocks =
    set(C::pthread_mutex_lock, C::pthread_mutex_timedlock, C::pthread_mutex_clocklock);
constexpr CallSet kLocks = kWaitingLocks | set(C::pthread_mutex_trylock);
constexpr CallSet kConditions =
    set(C::pthread_cond_wait, C::pthread_cond_timedwait, C::pthread_cond_clockwait);
constexpr CallSet kReads = set(C::read, C::readv, C::pread);
constexpr CallSet kWrites = set(C::write, C::writev, C::pwrite);
constexpr CallSet kReceives = set(C::recv, C::recvfrom, C::recvmsg);
constexpr CallSet kSends = set(C::send, C::sendto, C::sendmsg);
constexpr CallSet kAccepts = set(C::accept, C::accept4);
constexpr CallSet kTransfers = kReads | kWrites | kReceives | kSends;
constexpr CallSet kSocketCalls = kReceives | kSends | kAccepts | set(C::connect);
constexpr CallSet kTimedQueues = set(C::mq_timedsend, C::mq_timedreceive);
constexpr CallSet kQueues = kTimedQueues | set(C::mq_send, C::mq_receive);
constexpr CallSet kOpens = set(C::open, C::openat);
constexpr CallSet kSyncs = set(C::fsync, C::fdatasync);
constexpr CallSet kPollsWithTime = set(C::epoll_wait, C::epoll_pwait);

// What the test needs to know before it can say no.
enum class Needs : std::uint8_t { file, socket, mutex, flags, nothing };

struct Limit {
    CallSet calls;
    int error;
    Needs needs;
    bool (*gives)(const Subject& it) noexcept;
    const char* who;
};

// One line for each error of a call: the first that is about both counts.
constexpr Limit kLimits[] = {
    {kWaitingLocks, EDEADLK, Needs::mutex, is_error_checking,
     "only an error-checking mutex gives EDEADLK"},
    {kLocks, EAGAIN, Needs::mutex, is_recursive, "only a recursive mutex gives EAGAIN"},
    {kLocks, EINVAL, Needs::mutex, has_protocol,
     "only a mutex with a priority protocol gives EINVAL"},
    {kLocks | kConditions, ENOTRECOVERABLE, Needs::mutex, is_robust,
     "only a robust mutex gives ENOTRECOVERABLE"},
    {kConditions | set(C::pthread_mutex_unlock), EPERM, Needs::mutex, knows_its_owner,
     "only an error-checking, recursive, robust or priority-inheriting mutex gives EPERM"},
    {set(C::pthread_create), EINVAL, Needs::nothing, has_attributes,
     "only a thread with attributes of its own gives EINVAL"},
    {set(C::pthread_create), EPERM, Needs::nothing, has_attributes,
     "only a thread with attributes of its own gives EPERM"},

    {kTransfers | kAccepts, EAGAIN, Needs::file, gives_up,
     "only a descriptor that does not wait (O_NONBLOCK, MSG_DONTWAIT, a time-out) gives EAGAIN"},
    {kTransfers | kAccepts, EINTR, Needs::file, can_be_interrupted,
     "only a call that waits gives EINTR"},
    {set(C::connect), EAGAIN, Needs::socket, gives_up_connecting,
     "only a socket that does not wait gives EAGAIN"},
    {set(C::connect), EINTR, Needs::socket, waits_to_connect,
     "only a connection that is waited for gives EINTR"},
    {kQueues, EAGAIN, Needs::file, is_queue_that_gives_up,
     "only a queue with O_NONBLOCK gives EAGAIN"},
    {kQueues, EINTR, Needs::file, is_queue_that_waits, "only a call that waits gives EINTR"},
    {kTimedQueues, ETIMEDOUT, Needs::file, is_queue_that_waits,
     "only a call that waits gives ETIMEDOUT"},

    {kReads, EISDIR, Needs::file, is_file<FileKind::directory>, "only a directory gives EISDIR"},
    {set(C::pread, C::pwrite), ESPIPE, Needs::file,
     is_file<FileKind::pipe, FileKind::socket, FileKind::character, FileKind::other>,
     "only what has no positions (a pipe, a socket) gives ESPIPE"},
    {kReads | kWrites, ECONNRESET, Needs::file, is_socket, "only a socket gives ECONNRESET"},
    {kReads | kReceives, ENOTCONN, Needs::file, is_socket, "only a socket gives ENOTCONN"},
    {kReads | kReceives | set(C::connect), ETIMEDOUT, Needs::file, is_internet,
     "only a network connection gives ETIMEDOUT"},
    {kWrites | kSends | set(C::connect), ENETDOWN, Needs::file, is_internet,
     "only a network connection gives ENETDOWN"},
    {kWrites | kSends | set(C::connect), ENETUNREACH, Needs::file, is_internet,
     "only a network connection gives ENETUNREACH"},
    {kSends | set(C::connect), EHOSTUNREACH, Needs::file, is_internet,
     "only a network connection gives EHOSTUNREACH"},
    {set(C::connect), EADDRNOTAVAIL, Needs::file, is_internet,
     "only a network connection gives EADDRNOTAVAIL"},
    {kReads | kWrites, ENOBUFS, Needs::file, is_socket, "only a socket gives ENOBUFS"},
    {kWrites, EACCES, Needs::file, is_socket, "only a socket gives EACCES"},
    {kWrites, EPERM, Needs::file, is_file<FileKind::regular, FileKind::block, FileKind::socket>,
     "only a sealed file, a block device or a socket gives EPERM"},
    {kWrites | kSends, EPIPE, Needs::file, is_file<FileKind::pipe, FileKind::socket>,
     "only a pipe or a socket gives EPIPE"},
    {kWrites, EFBIG, Needs::file, is_file<FileKind::regular, FileKind::block>,
     "only a file on a disk gives EFBIG"},
    {kWrites, EDQUOT, Needs::file, is_regular, "only a regular file gives EDQUOT"},
    {kWrites, ENOSPC, Needs::file, is_file<FileKind::regular, FileKind::block, FileKind::character>,
     "only a file or a device gives ENOSPC"},
    {kWrites, ERANGE, Needs::file, is_file<FileKind::character, FileKind::other>,
     "only a device gives ERANGE"},
    {kReads | kWrites, EIO, Needs::file, is_no_file<FileKind::pipe, FileKind::socket>,
     "only a file or a device gives EIO"},
    {kReads, EBADMSG, Needs::file, is_no_file<FileKind::pipe, FileKind::socket>,
     "only a file or a device gives EBADMSG"},
    {kReads, EOVERFLOW, Needs::file, is_no_file<FileKind::pipe, FileKind::socket>,
     "only a file or a device gives EOVERFLOW"},
    {kReads | kWrites, ENXIO, Needs::file,
     is_file<FileKind::block, FileKind::character, FileKind::other>, "only a device gives ENXIO"},

    {kSocketCalls, ENOTSOCK, Needs::file, is_no_file<FileKind::socket>,
     "only what is no socket gives ENOTSOCK"},
    {kAccepts, EOPNOTSUPP, Needs::socket, is_connectionless,
     "only a socket without connections gives EOPNOTSUPP"},
    {kSends, EMSGSIZE, Needs::socket, is_no_stream, "only a socket for messages gives EMSGSIZE"},
    {kSends, EDESTADDRREQ, Needs::socket, is_no_stream,
     "only a socket for messages gives EDESTADDRREQ"},

    {kSyncs, EINVAL, Needs::file, is_no_file<FileKind::regular, FileKind::directory>,
     "only what can't be synchronised (a pipe, a socket) gives EINVAL"},
    {kSyncs, EROFS, Needs::file, is_no_file<FileKind::regular, FileKind::directory>,
     "only what can't be synchronised (a pipe, a socket) gives EROFS"},
    {kSyncs, EIO, Needs::file, is_no_file<FileKind::pipe, FileKind::socket>,
     "only a file or a device gives EIO"},
    {kSyncs, ENOSPC, Needs::file, is_file<FileKind::regular, FileKind::directory, FileKind::block>,
     "only a file or a block device gives ENOSPC"},
    {kSyncs, EDQUOT, Needs::file, is_file<FileKind::regular, FileKind::directory>,
     "only a file gives EDQUOT"},
    {set(C::close), EIO, Needs::file, is_no_file<FileKind::pipe, FileKind::socket>,
     "only a file or a device gives EIO"},
    {set(C::close), ENOSPC, Needs::file, is_regular, "only a regular file gives ENOSPC"},
    {set(C::close), EDQUOT, Needs::file, is_regular, "only a regular file gives EDQUOT"},

    {kOpens, EEXIST, Needs::flags, creates_alone, "only O_CREAT with O_EXCL gives EEXIST"},
    {kOpens, EISDIR, Needs::flags, opens_to_write, "only what opens to write gives EISDIR"},
    {kOpens, EROFS, Needs::flags, opens_to_write, "only what opens to write gives EROFS"},
    {kOpens, ETXTBSY, Needs::flags, opens_to_write, "only what opens to write gives ETXTBSY"},
    {kOpens, ENOSPC, Needs::flags, creates, "only O_CREAT gives ENOSPC"},
    {kOpens, EDQUOT, Needs::flags, creates, "only O_CREAT gives EDQUOT"},
    {set(C::waitpid, C::waitid), EINTR, Needs::flags, waits_for_children,
     "only a call without WNOHANG gives EINTR"},
    {set(C::msgsnd, C::msgrcv), EINTR, Needs::flags, waits_for_message,
     "only a call without IPC_NOWAIT gives EINTR"},
    {set(C::msgsnd), EAGAIN, Needs::flags, waits_for_no_message, "only IPC_NOWAIT gives EAGAIN"},
    {set(C::msgrcv), ENOMSG, Needs::flags, waits_for_no_message, "only IPC_NOWAIT gives ENOMSG"},
    {set(C::lockf), EINTR, Needs::flags, waits_for_lock, "only F_LOCK gives EINTR"},
    {set(C::lockf), EDEADLK, Needs::flags, waits_for_lock, "only F_LOCK gives EDEADLK"},
    {set(C::lockf), EAGAIN, Needs::flags, tries_lock, "only F_TLOCK and F_TEST give EAGAIN"},
    {set(C::lockf), EACCES, Needs::flags, tries_lock, "only F_TLOCK and F_TEST give EACCES"},
    {set(C::msync), EBUSY, Needs::flags, invalidates, "only MS_INVALIDATE gives EBUSY"},
    {kPollsWithTime, EINTR, Needs::flags, waits_for_time,
     "only a call with a time-out other than 0 gives EINTR"},
};

const Limit* limit_of(Call call, int error) noexcept {
    for (const Limit& limit : kLimits) {
        if (limit.error == error && limit.calls.has(call)) return &limit;
    }
    return nullptr;
}

bool is_known(Needs needs, const Subject& subject) noexcept {
    switch (needs) {
        case Needs::file:
            return subject.file != FileKind::unknown;
        case Needs::socket:
            return subject.file == FileKind::socket && subject.family >= 0 &&
                   subject.socket_type >= 0;
        case Needs::mutex:
            return subject.has_mutex;
        case Needs::flags:
            return subject.has_flags;
        case Needs::nothing:
            return true;
    }
    return false;
}

}  // namespace

const char* why_impossible(Call call, int error, const Subject& subject) noexcept {
    const Limit* const limit = limit_of(call, error);
    if (limit == nullptr || !is_known(limit->needs, subject)) return nullptr;
    return limit->gives(subject) ? nullptr : limit->who;
}

const char* who_gives(Call call, int error) noexcept {
    const Limit* const limit = limit_of(call, error);
    return limit != nullptr ? limit->who : nullptr;
}

const char* what_gives(Call call, int error) noexcept {
    const Limit* const limit = limit_of(call, error);
    if (limit == nullptr) return nullptr;
    switch (limit->needs) {
        case Needs::file:
            return "file";
        case Needs::socket:
            return "socket";
        case Needs::mutex:
            return "mutex";
        case Needs::flags:
            return "flags";
        case Needs::nothing:
            break;
    }
    return "attributes";
}

}  // namespace threadfault::inject
