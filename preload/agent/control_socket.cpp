#include "preload/agent/control_socket.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/log.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/base/text.hpp"
#include "wire/wire.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

namespace threadfault::shim {

namespace {

using execute::sys_call;

constexpr int kBacklog = 32;
constexpr uid_t kOverflowUid =
    65534;  // what a user without a number in a user namespace looks like
using Path = Text<sizeof(sockaddr_un::sun_path)>;

constinit Path socket_path;
constinit std::atomic<bool> socket_exists{false};
constinit std::atomic<std::uint32_t> socket_generation{0};  // fork_generation() of its maker

uid_t effective_uid() noexcept {
    return static_cast<uid_t>(sys_call(SYS_geteuid));
}

// Owned by us, and not a symbolic link: in a directory that all may write to, somebody may have
// been there first.
long make_directory(const char* path) noexcept {
    const long made = sys_call(SYS_mkdirat, AT_FDCWD, path, 0700);
    if (made != 0 && made != -EEXIST) return made;
    struct stat status {};
    const long looked = sys_call(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
    if (looked != 0) return looked;
    if (!S_ISDIR(status.st_mode) || status.st_uid != effective_uid()) return -EPERM;
    if ((status.st_mode & 07777) != 0700) return sys_call(SYS_fchmodat, AT_FDCWD, path, 0700);
    return 0;
}

sockaddr_un address_of(const Path& path) noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.text(), path.size() + 1);
    return address;
}

long bind_socket(int socket, const Path& path) noexcept {
    const sockaddr_un address = address_of(path);
    const long bound = sys_call(SYS_bind, socket, &address, sizeof address);
    if (bound != -EADDRINUSE) return bound;
    // Perhaps left by a dead process that had our pid: no one else may listen there; only a refused
    // connection proves it.
    const long probe = sys_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (probe < 0) return probe;
    const long connected = sys_call(SYS_connect, probe, &address, sizeof address);
    sys_call(SYS_close, probe);
    if (connected != -ECONNREFUSED) return -EADDRINUSE;
    sys_call(SYS_unlinkat, AT_FDCWD, path.text(), 0);
    return sys_call(SYS_bind, socket, &address, sizeof address);
}

long bind_under(int socket, const char* parent) noexcept {
    Path path;
    path.add(parent).add("/threadfault-").add_number(effective_uid());
    if (const long made = make_directory(path.text()); made != 0) return made;
    path.add("/").add_number(static_cast<std::uint64_t>(shim_pid())).add(".sock");
    const long bound = bind_socket(socket, path);
    if (bound != 0) return bound;
    socket_path = path;
    socket_generation.store(fork_generation(), std::memory_order_relaxed);
    socket_exists.store(true, std::memory_order_release);
    return 0;
}

// Has every user a number here, as in the initial user namespace? "inside outside count".
bool all_users_have_numbers() noexcept {
    const int file = execute::sys_open("/proc/self/uid_map", O_RDONLY);
    if (file < 0) return false;
    char text[128] = {};
    const long got = execute::sys_read(file, text, sizeof text - 1);
    execute::sys_close(file);
    if (got <= 0) return false;
    constexpr const char* kAll[] = {"0", "0", "4294967295"};
    const char* at = text;
    for (const char* const number : kAll) {
        while (*at == ' ')
            ++at;
        const std::size_t length = std::strlen(number);
        if (std::strncmp(at, number, length) != 0) return false;
        at += length;
        if (*at != ' ' && *at != '\n') return false;
    }
    return true;
}

// nullptr: it may. Otherwise the rule.
const char* why_not_command(const ucred& peer) noexcept {
    if (peer.uid == 0) return nullptr;
    if (peer.uid != effective_uid()) return "you are another user";
    if (peer.uid == kOverflowUid && !all_users_have_numbers()) {
        return "in its user namespace, other users look like user 65534, too";
    }
    if (sys_call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != 1) {
        return "its own user may not trace it, so only root is accepted";
    }
    return nullptr;
}

}  // namespace

void turn_away(int client, wire::ErrorCode code, const char* text) noexcept {
    wire::ErrorReply reply;
    reply.header = wire::make_header(wire::Type::error, sizeof reply, 0);
    reply.code = code;
    std::strncpy(reply.text, text, sizeof reply.text - 1);
    sys_call(SYS_sendto, client, &reply, sizeof reply, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
    sys_call(SYS_close, client);
}

int open_socket() noexcept {
    const long socket =
        sys_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return static_cast<int>(socket);
    const int number = static_cast<int>(socket);
    long result = bind_under(number, "/tmp");
    if (result != 0) {
        log_line("no socket under /tmp, trying /dev/shm", result);
        result = bind_under(number, "/dev/shm");
    }
    if (result == 0) result = sys_call(SYS_listen, socket, kBacklog);
    if (result == 0) return number;
    sys_call(SYS_close, socket);
    return static_cast<int>(result);
}

int accept_client(int listener) noexcept {
    const long client =
        sys_call(SYS_accept4, listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return static_cast<int>(client);
    ucred peer{};
    socklen_t size = sizeof peer;
    const char* const why =
        sys_call(SYS_getsockopt, client, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0
            ? "it can't tell who you are"
            : why_not_command(peer);
    if (why != nullptr) {
        turn_away(static_cast<int>(client), wire::ErrorCode::not_permitted, why);
        return -EACCES;
    }
    return static_cast<int>(client);
}

void knock_at_socket() noexcept {
    if (!socket_exists.load(std::memory_order_acquire)) return;
    const sockaddr_un address = address_of(socket_path);
    const long knocking =
        sys_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (knocking < 0) return;
    // A backlog that is full wakes it as well.
    sys_call(SYS_connect, knocking, &address, sizeof address);
    sys_call(SYS_close, knocking);
}

void remove_socket() noexcept {
    if (socket_exists.exchange(false, std::memory_order_acq_rel)) {
        sys_call(SYS_unlinkat, AT_FDCWD, socket_path.text(), 0);
    }
}

void forget_socket() noexcept {
    socket_exists.store(false, std::memory_order_relaxed);
}

namespace {

// exit() runs it; other ends leave the file behind, and the next one to look removes it.
[[gnu::destructor]] void remove_at_exit() noexcept {
    // Not a forked child that never had a helper of its own: the socket is its parent's.
    if (socket_generation.load(std::memory_order_acquire) != fork_generation()) return;
    // A file that is left behind is better than a death in exit().
    if (!socket_exists.load(std::memory_order_acquire) || is_sandboxed()) return;
    if (!is_foreign_process()) remove_socket();
}

}  // namespace

}  // namespace threadfault::shim
