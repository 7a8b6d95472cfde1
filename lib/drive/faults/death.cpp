#include "drive/faults/death.hpp"

#include "base/descriptor.hpp"
#include "base/signal_name.hpp"
#include "format/format.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

std::string proc_path(pid_t pid, const char* leaf) {
    return "/proc/" + std::to_string(pid) + leaf;
}

// /proc/<pid>/io opens for everybody, and is read by those whom the kernel tells exit statuses: it
// asks the same question for both.
bool may_be_told(pid_t pid) {
    const base::Descriptor file(open(proc_path(pid, "/io").c_str(), O_RDONLY | O_CLOEXEC));
    char byte = 0;
    return file && read(file.get(), &byte, 1) == 1;
}

// The last field of /proc/<pid>/stat: the wait status of a zombie, shown to those who may trace it.
std::optional<int> status_of_zombie(pid_t pid) {
    const base::Descriptor file(open(proc_path(pid, "/stat").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    char buffer[1024];
    const ssize_t length = read(file.get(), buffer, sizeof buffer);
    if (length <= 0) return std::nullopt;
    std::string_view text(buffer, static_cast<std::size_t>(length));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    // Behind the name, which may hold anything.
    if (!text.substr(std::min(text.rfind(')'), text.size())).starts_with(") Z")) {
        return std::nullopt;
    }
    text.remove_prefix(text.rfind(' ') + 1);
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error != std::errc()) return std::nullopt;
    // 0 is what those who may not look are shown as well.
    if (status == 0 && !may_be_told(pid)) return std::nullopt;
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

bool DeathWatch::ends_within(std::chrono::milliseconds time) const noexcept {
    pollfd watched{pidfd_, POLLIN, 0};
    return pidfd_ >= 0 && poll(&watched, 1, static_cast<int>(time.count())) > 0;
}

std::optional<int> DeathWatch::status_of_reaped() const noexcept {
    PidfdInfo info;
    info.mask = kPidfdInfoExit;
    if (pidfd_ < 0 || ioctl(pidfd_, kPidfdGetInfo, &info) != 0) return std::nullopt;
    return (info.mask & kPidfdInfoExit) != 0 ? std::optional<int>(info.exit_code) : std::nullopt;
}

std::optional<int> DeathWatch::wait_status() const {
    if (const auto status = status_of_reaped()) return status;
    const std::optional<int> status = status_of_zombie(pid_);
    // Its parent may wait for it at any moment: was it that process still, and not the next one
    // with its pid, of which we have just read?
    const bool is_gone =
        pidfd_ >= 0 && syscall(SYS_pidfd_send_signal, pidfd_, 0, nullptr, 0) != 0 && errno == ESRCH;
    return is_gone ? status_of_reaped() : status;
}

std::string DeathWatch::text() const {
    return text_of(wait_status());
}

std::string DeathWatch::text_of(std::optional<int> status) {
    if (!status) return "the process ended";
    if (WIFSIGNALED(*status)) {
        return formatted("the process was ended by {}{}", base::signal_name(WTERMSIG(*status)),
                         WCOREDUMP(*status) ? " (core dumped)" : "");
    }
    return formatted("the process exited with code {}", WEXITSTATUS(*status));
}

}  // namespace threadfault::drive
