#include "drive/faults/death.hpp"

#include "base/signal_name.hpp"
#include "format/format.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>

namespace threadfault::drive {
namespace {

// <linux/pidfd.h> of Linux 6.15; Debian 12's header is older.
struct PidfdInfo {
    std::uint64_t mask = 0;
    std::uint64_t cgroup_id = 0;
    std::uint32_t pid = 0, tgid = 0, ppid = 0;
    std::uint32_t uids_and_gids[8] = {};
    std::int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kPidfdInfoExit = 1U << 3;
constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);

// The last field of /proc/<pid>/stat: the wait status of a zombie, shown to those who may trace it.
std::optional<int> status_of_zombie(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    char buffer[1024];
    const ssize_t length = read(fd, buffer, sizeof buffer);
    close(fd);
    if (length <= 0) return std::nullopt;
    std::string_view text(buffer, static_cast<std::size_t>(length));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    text.remove_prefix(text.rfind(' ') + 1);
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    // 0 is what those who may not look are shown as well.
    if (error != std::errc() || status == 0) return std::nullopt;
    return status;
}

}  // namespace

DeathWatch::DeathWatch(pid_t pid) noexcept
    : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

DeathWatch::~DeathWatch() {
    if (pidfd_ >= 0) close(pidfd_);
}

bool DeathWatch::has_ended() const noexcept {
    pollfd watched{pidfd_, POLLIN, 0};
    return pidfd_ >= 0 && poll(&watched, 1, 0) > 0;
}

std::optional<int> DeathWatch::wait_status() const {
    PidfdInfo info;
    info.mask = kPidfdInfoExit;
    if (pidfd_ >= 0 && ioctl(pidfd_, kPidfdGetInfo, &info) == 0 && (info.mask & kPidfdInfoExit)) {
        return info.exit_code;
    }
    return status_of_zombie(pid_);
}

std::string DeathWatch::text() const {
    const std::optional<int> status = wait_status();
    if (!status) return "the process ended";
    if (WIFSIGNALED(*status)) {
        return formatted("the process was ended by {}{}", base::signal_name(WTERMSIG(*status)),
                         WCOREDUMP(*status) ? " (core dumped)" : "");
    }
    return formatted("the process exited with code {}", WEXITSTATUS(*status));
}

}  // namespace threadfault::drive
