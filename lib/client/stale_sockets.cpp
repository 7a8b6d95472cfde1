#include "client/stale_sockets.hpp"

#include "client/find_agent.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>

namespace threadfault::client {
namespace {

bool exists(pid_t pid) {
    struct stat about {};
    return stat(("/proc/" + std::to_string(pid)).c_str(), &about) == 0 || errno != ENOENT;
}

bool is_ours_alone(int directory) {
    struct stat about {};
    return fstat(directory, &about) == 0 && about.st_uid == geteuid() &&
           (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool is_old_socket(int directory, const char* name, std::chrono::seconds older_than,
                   struct stat* about) {
    return fstatat(directory, name, about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(about->st_mode) &&
           about->st_uid == geteuid() && time(nullptr) - about->st_ctime >= older_than.count();
}

// No listener. Only a refused connection proves it: a full backlog or no permission does not.
bool refuses(int directory, const char* name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // By the descriptor: the path may lead elsewhere by now.
    const int length = std::snprintf(address.sun_path, sizeof address.sun_path,
                                     "/proc/self/fd/%d/%s", directory, name);
    if (length < 0 || static_cast<std::size_t>(length) >= sizeof address.sun_path) return false;
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    const bool refused =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return refused;
}

bool remove_if_stale(int directory, pid_t pid, std::chrono::seconds older_than) {
    const std::string name = std::to_string(pid) + ".sock";
    struct stat before {};
    struct stat after {};
    if (exists(pid) || !is_old_socket(directory, name.c_str(), older_than, &before) ||
        !refuses(directory, name.c_str())) {
        return false;
    }
    // A process that has got this pid meanwhile has put a socket of its own there.
    if (!is_old_socket(directory, name.c_str(), older_than, &after) ||
        after.st_ino != before.st_ino) {
        return false;
    }
    return unlinkat(directory, name.c_str(), 0) == 0;
}

}  // namespace

std::size_t remove_stale_sockets(const std::string& directory,
                                 std::chrono::seconds older_than) noexcept {
    const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return 0;
    std::size_t removed = 0;
    try {
        if (is_ours_alone(fd)) {
            for (const pid_t pid : sockets_in("/proc/self/fd/" + std::to_string(fd)))
                removed += remove_if_stale(fd, pid, older_than) ? 1 : 0;
        }
    } catch (const std::exception&) {
        // Out of memory: the next call may succeed.
    }
    close(fd);
    return removed;
}

std::size_t remove_stale_sockets() noexcept {
    std::size_t removed = 0;
    try {
        for (const std::string& directory : own_socket_directories())
            removed += remove_stale_sockets(directory);
    } catch (const std::exception&) {
        // As above.
    }
    return removed;
}

}  // namespace threadfault::client
