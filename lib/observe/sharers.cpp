#include "observe/sharers.hpp"

#include "observe/proc_file.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace threadfault::observe {
namespace {

// Nobody but children of fork() gets at it: there is no file.
bool has_no_name(const Mapping& mapping) {
    return mapping.deleted &&
           (mapping.path == "/dev/zero" || mapping.path.starts_with("/anon_hugepage"));
}

// "": a kernel thread's, or a zombie's. std::nullopt: errno says why.
std::optional<std::string> maps_text(pid_t pid) {
    const std::string directory = "/proc/" + std::to_string(pid);
    auto text = read_whole_file(AT_FDCWD, (directory + "/maps").c_str());
    if (!text || !text->empty()) return text;
    // Its first thread may have ended before the others.
    std::vector<pid_t> tids;
    if (!list_numbers(AT_FDCWD, (directory + "/task").c_str(), &tids)) return text;
    for (const pid_t tid : tids) {
        if (tid == pid) continue;
        auto other = read_whole_file(
            AT_FDCWD, (directory + "/task/" + std::to_string(tid) + "/maps").c_str());
        if (other && !other->empty()) return other;
    }
    return text;
}

}  // namespace

const Sharing& Sharers::of(std::uint64_t address) {
    const auto [entry, is_new] = known_.try_emplace(address);
    Sharing& sharing = entry->second;
    if (!is_new) return sharing;
    try {
        if (!maps_) maps_.emplace(process_);
    } catch (const Error&) {
        sharing.complete = false;
        return sharing;
    }
    const Mapping* const mapping = maps_->find(address);
    if (mapping == nullptr || !mapping->shared) return sharing;
    const std::uint64_t offset = mapping->offset + (address - mapping->begin);
    sharing.place = SharedPlace{mapping->device, mapping->inode, offset};
    look_at_others();
    const auto ranges = ranges_.find({mapping->device, mapping->inode});
    if (ranges != ranges_.end()) {
        for (const Range& range : ranges->second)
            if (offset >= range.begin && offset < range.end) sharing.others.push_back(range.pid);
    }
    std::sort(sharing.others.begin(), sharing.others.end());
    const auto end = std::unique(sharing.others.begin(), sharing.others.end());
    sharing.others.erase(end, sharing.others.end());
    sharing.nameless = has_no_name(*mapping);
    sharing.unreadable = sharing.nameless ? possible_relatives() : unreadable_;
    sharing.complete = sharing.nameless && sharing.unreadable.empty();
    return sharing;
}

void Sharers::look_at_others() {
    if (looked_) return;
    looked_ = true;
    for (const pid_t pid : all_pids()) {
        if (pid == process_.pid()) continue;
        const auto text = maps_text(pid);
        if (!text) {
            if (errno != ENOENT && errno != ESRCH) unreadable_.push_back(pid);
            continue;
        }
        for (const Mapping& mapping : parse_maps(*text)) {
            if (!mapping.shared || mapping.inode == 0) continue;
            ranges_[{mapping.device, mapping.inode}].push_back(
                {pid, mapping.offset, mapping.offset + (mapping.end - mapping.begin)});
        }
    }
}

// Memory without a name is only inherited: from the last ancestor that has called execve(2), by its
// descendants that have not.
std::vector<pid_t> Sharers::possible_relatives() const {
    constexpr int kMostAncestors = 64;
    if (unreadable_.empty()) return {};
    std::vector<pid_t> ancestors;
    std::optional<TaskStat> root = process_.stat(process_.pid());
    pid_t parent = process_.status_at_opening().parent;
    try {
        for (int i = 0; root && is_copy_of_parent(*root); ++i) {
            // Its parent has ended before it.
            if (parent <= 1 || i == kMostAncestors) return unreadable_;
            const Process ancestor(parent);
            ancestors.push_back(parent);
            root = ancestor.stat(parent);
            parent = ancestor.status_at_opening().parent;
        }
    } catch (const Error&) {  // it has ended
        return unreadable_;
    }
    std::vector<pid_t> possible;
    for (const pid_t pid : unreadable_) {
        const bool is_ancestor =
            std::find(ancestors.begin(), ancestors.end(), pid) != ancestors.end();
        const auto text =
            read_whole_file(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str());
        const auto stat = text ? parse_task_stat(*text) : std::nullopt;
        const bool unrelated =
            root && stat && (!is_copy_of_parent(*stat) || stat->start_ticks < root->start_ticks);
        if (is_ancestor || !unrelated) possible.push_back(pid);
    }
    return possible;
}

const std::vector<pid_t>& Sharers::siblings() {
    if (siblings_) return *siblings_;
    siblings_.emplace();
    const pid_t own = process_.living_tid();
    if (own == 0) return *siblings_;
    std::optional<std::string> own_maps;
    for (const pid_t pid : all_pids()) {
        if (pid == process_.pid()) continue;
        const long same = ::syscall(SYS_kcmp, own, pid, KCMP_VM, 0, 0);
        if (same == 0) siblings_->push_back(pid);
        if (same >= 0 || errno == ESRCH) continue;
        if (!own_maps) own_maps = maps_text(own).value_or("");
        const auto maps = maps_text(pid);
        if (maps && !maps->empty() && *maps == *own_maps) siblings_->push_back(pid);
    }
    return *siblings_;
}

bool is_copy_of_parent(const TaskStat& leader) noexcept {
    constexpr std::uint32_t kForkedWithoutExec = 0x40;  // PF_FORKNOEXEC, include/linux/sched.h
    return (leader.flags & kForkedWithoutExec) != 0;
}

std::optional<bool> same_pid_namespace(pid_t one, pid_t other) {
    const auto space = [](pid_t pid) {
        struct stat info {};
        const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
        return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
    };
    const ino_t first = space(one);
    const ino_t second = space(other);
    if (first == 0 || second == 0) return std::nullopt;
    return first == second;
}

bool sees_all_processes() {
    constexpr ino_t kFirst = 0xeffffffc;  // PROC_PID_INIT_INO, the same on every kernel
    struct stat info {};
    // Without the first process of all, /proc hides those of other users.
    return ::stat("/proc/self/ns/pid", &info) == 0 && info.st_ino == kFirst &&
           ::access("/proc/1", F_OK) == 0;
}

}  // namespace threadfault::observe
