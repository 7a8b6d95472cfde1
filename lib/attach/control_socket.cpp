#include "attach/control_socket.hpp"

#include "client/find_agent.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace threadfault::attach {
namespace {

constexpr int kBacklog = 64;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

// Ours, and nobody else's to write into.
bool make_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
    struct stat about {};
    return lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
           about.st_uid == geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

[[noreturn]] void throw_attached(pid_t pid) {
    throw Error(ErrorCode::too_many, formatted("process {} is attached to already", pid));
}

bool somebody_listens(const sockaddr_un& address) {
    const base::Descriptor trial(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return connect(trial.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno == EAGAIN;
}

// A guardian that lets its process go listens no more and still works on it: two at a time would
// take the region away under each other. The kernel frees the lock of one that is killed.
base::Descriptor lock_process(const std::string& directory, const sockaddr_un& address, pid_t pid) {
    constexpr auto kPatience = std::chrono::seconds(10);
    const std::string path = directory + "/attach.lock";
    base::Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_start = pid;
    range.l_len = 1;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (file && fcntl(file.get(), F_OFD_SETLK, &range) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) return base::Descriptor();
        if (somebody_listens(address)) throw_attached(pid);
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(ErrorCode::agent_silent,
                        formatted("the former guardian of process {} is still letting it go", pid),
                        "a thread in an uninterruptible wait holds it up; try again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return file;
}

}  // namespace

ControlSocket::ControlSocket(pid_t pid) {
    for (const std::string& path : client::own_attach_sockets(pid)) {
        const std::string directory = path.substr(0, path.rfind('/'));
        if (!make_directory(directory)) continue;
        const sockaddr_un address = address_of(path);
        lock_ = lock_process(directory, address, pid);
        if (!lock_) continue;
        listener_ =
            base::Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        for (int attempt = 0; attempt < 2; ++attempt) {
            if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address) == 0 &&
                listen(listener_.get(), kBacklog) == 0) {
                path_ = path;
                return;
            }
            if (errno != EADDRINUSE) break;
            if (somebody_listens(address)) throw_attached(pid);
            unlink(path.c_str());  // of a guardian that was killed
        }
    }
    throw Error(ErrorCode::no_directory, "can't make a socket below /tmp or /dev/shm", "",
                std::error_code(errno, std::system_category()));
}

ControlSocket::~ControlSocket() {
    close();
}

void ControlSocket::close() {
    if (path_.empty()) return;
    unlink(path_.c_str());
    path_.clear();
    listener_ = base::Descriptor();
}

int ControlSocket::accept() const {
    for (;;) {
        const int client = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) return -1;
        ucred peer{};
        socklen_t length = sizeof peer;
        const bool known = getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;
        if (known && (peer.uid == 0 || peer.uid == geteuid())) return client;
        ::close(client);
    }
}

}  // namespace threadfault::attach
