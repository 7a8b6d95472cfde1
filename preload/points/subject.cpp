#include "preload/points/subject.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/sandbox.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

namespace threadfault::shim {

namespace {

using execute::sys_call;
using inject::FileKind;
using inject::Subject;

FileKind kind_of(mode_t mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return FileKind::regular;
        case S_IFDIR:
            return FileKind::directory;
        case S_IFBLK:
            return FileKind::block;
        case S_IFCHR:
            return FileKind::character;
        case S_IFIFO:
            return FileKind::pipe;
        case S_IFSOCK:
            return FileKind::socket;
        default:
            return FileKind::other;  // the kernel's anonymous files have no kind
    }
}

template <typename Value>
bool get_option(int socket, int option, Value* value) noexcept {
    socklen_t size = sizeof *value;
    return sys_call(SYS_getsockopt, socket, SOL_SOCKET, option, value, &size) == 0;
}

void look_at_socket(const CallArguments& arguments, Subject* subject) noexcept {
    int value = 0;
    if (get_option(arguments.descriptor, SO_DOMAIN, &value)) subject->family = value;
    if (get_option(arguments.descriptor, SO_TYPE, &value)) subject->socket_type = value;
    timeval limit{};
    const int option = arguments.receives ? SO_RCVTIMEO : SO_SNDTIMEO;
    // What isn't known makes nothing impossible.
    subject->times_out = !get_option(arguments.descriptor, option, &limit) || limit.tv_sec != 0 ||
                         limit.tv_usec != 0;
    // Of the calls that take an int behind the socket, all take these flags; accept4's differ.
    if (arguments.has_flags && (arguments.flags & MSG_DONTWAIT) != 0) subject->waits = false;
}

void look_at_descriptor(const CallArguments& arguments, Subject* subject) noexcept {
    struct stat status {};
    if (sys_call(SYS_newfstatat, arguments.descriptor, "", &status, AT_EMPTY_PATH) != 0) return;
    const long flags = sys_call(SYS_fcntl, arguments.descriptor, F_GETFL);
    if (flags < 0) return;
    subject->file = kind_of(status.st_mode);
    subject->waits = (flags & O_NONBLOCK) == 0;
    if (subject->file == FileKind::socket) look_at_socket(arguments, subject);
}

}  // namespace

Subject look_at(const CallArguments& arguments) noexcept {
    Subject subject;
    subject.has_flags = arguments.has_flags;
    subject.flags = arguments.flags;
    subject.has_no_attributes = arguments.has_no_attributes;
    if (arguments.mutex != nullptr) {
        subject.has_mutex = true;
        subject.mutex_kind = arguments.mutex->__data.__kind;
    }
    if (arguments.descriptor >= 0 && !is_sandboxed()) look_at_descriptor(arguments, &subject);
    return subject;
}

}  // namespace threadfault::shim
