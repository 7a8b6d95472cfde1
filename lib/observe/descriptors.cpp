#include "observe/descriptors.hpp"

#include "observe/proc_file.hpp"
#include "observe/process.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace threadfault::observe {
namespace {

constexpr long kQueueSystem = 0x19800202;  // MQUEUE_MAGIC, ipc/mqueue.c

std::string path_of(const std::string& directory, int descriptor) {
    return directory + "/fd/" + std::to_string(descriptor);
}

// A message queue is a file of its own file system.
ChannelName queue_name(const std::string& path) {
    struct statfs system {};
    struct stat file {};
    if (::statfs(path.c_str(), &system) != 0 || system.f_type != kQueueSystem ||
        ::stat(path.c_str(), &file) != 0) {
        return {};
    }
    return "queue:" + std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
}

// Whose kernel part signals event descriptors or completes input and output by itself.
bool is_kernels_hand(const std::string& link) {
    for (const std::string_view part :
         {"anon_inode:[io_uring]", "anon_inode:kvm", "vfio", "vhost", "iommufd", "/usb", "/dri/"}) {
        if (link.find(part) != std::string::npos) return true;
    }
    return false;
}

std::optional<TaskStat> leader_of(pid_t pid) {
    const auto text = read_whole_file(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str());
    return text ? parse_task_stat(*text) : std::nullopt;
}

}  // namespace

std::string descriptor_link(const std::string& directory, int descriptor) {
    std::array<char, 512> link;
    const ssize_t length =
        ::readlink(path_of(directory, descriptor).c_str(), link.data(), link.size());
    return length > 0 ? std::string(link.data(), static_cast<std::size_t>(length)) : std::string();
}

std::optional<std::string> descriptor_info(const std::string& directory, int descriptor,
                                           const std::string& key) {
    const auto text =
        read_whole_file(AT_FDCWD, (directory + "/fdinfo/" + std::to_string(descriptor)).c_str());
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (line.starts_with(key + ":")) {
            const std::size_t value = line.find_first_not_of(" \t", key.size() + 1);
            return value == std::string_view::npos ? std::string()
                                                   : std::string(line.substr(value));
        }
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return std::nullopt;
}

ChannelName channel_name(const std::string& directory, int descriptor) {
    std::string link = descriptor_link(directory, descriptor);
    if (link.starts_with("pipe:[") || link.starts_with("socket:[")) return link;
    if (link == "anon_inode:[eventfd]") {
        // Kernels before 5.2 don't number them.
        const auto number = descriptor_info(directory, descriptor, "eventfd-id");
        return number ? "eventfd:" + *number : ChannelName();
    }
    return link.starts_with('/') && link.find('/', 1) == std::string::npos
               ? queue_name(path_of(directory, descriptor))
               : ChannelName();
}

OpenChannels::OpenChannels(pid_t own) : own_pid_(own) {
    look_at(own);
}

void OpenChannels::look_at_others() {
    if (std::exchange(all_seen_, true)) return;
    for (const pid_t pid : all_pids())
        if (pid != own_pid_) look_at(pid);
}

void OpenChannels::look_at(pid_t pid) {
    const std::string process = "/proc/" + std::to_string(pid);
    // Threads may have descriptors of their own.
    std::vector<pid_t> tids;
    if (!list_numbers(AT_FDCWD, (process + "/task").c_str(), &tids)) return;
    std::vector<pid_t> listed;
    for (const pid_t tid : tids) {
        const std::string directory = process + "/task/" + std::to_string(tid);
        std::vector<pid_t> descriptors;
        if (!list_numbers(AT_FDCWD, (directory + "/fd").c_str(), &descriptors)) {
            const bool gone = errno == ENOENT || errno == ESRCH;
            if (!gone && may_be_concerned(pid)) complete_ = false;
            if (!gone) return;
            continue;
        }
        // Most threads share one table.
        if (descriptors == listed && tid != tids.front()) continue;
        listed = descriptors;
        for (const int descriptor : descriptors) {
            if (pid == own_pid_) {
                kernel_writes_ =
                    kernel_writes_ || is_kernels_hand(descriptor_link(directory, descriptor));
            }
            const ChannelName name = channel_name(directory, descriptor);
            if (name.empty()) continue;
            if (name.starts_with("socket:")) {
                const auto passed = descriptor_info(directory, descriptor, "scm_fds");
                in_flight_ = in_flight_ || (passed && *passed != "0");
            }
            if (pid == own_pid_) {
                own_.insert(name);
            } else {
                others_[name].insert(pid);
            }
        }
    }
}

// What an older process has of it must have been given to this one by its parent, or be sent to it.
bool OpenChannels::may_be_concerned(pid_t unreadable) const {
    const auto own = leader_of(own_pid_);
    const auto other = leader_of(unreadable);
    if (!own || !other) return true;
    try {
        if (Process(own_pid_).status_at_opening().parent == unreadable) return true;
    } catch (const Error&) {  // it has ended
        return true;
    }
    return other->start_ticks >= own->start_ticks;
}

const std::set<pid_t>& OpenChannels::holders(const ChannelName& name) const {
    static const std::set<pid_t> none;
    const auto found = others_.find(name);
    return found != others_.end() ? found->second : none;
}

}  // namespace threadfault::observe
