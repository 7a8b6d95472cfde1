#include "harness/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace threadfault::target {

std::optional<ProcessEntry> read_process(pid_t pid) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    char text[512];
    const ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return std::nullopt;
    text[length] = '\0';
    // The name may hold anything, parentheses too.
    const char* const behind_name = std::strrchr(text, ')');
    if (behind_name == nullptr) return std::nullopt;
    ProcessEntry entry;
    entry.pid = pid;
    long threads = 0;  // the 20th field, this being the 3rd
    if (std::sscanf(behind_name + 1,
                    " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
                    &entry.state, &entry.parent, &entry.group, &threads) != 4) {
        return std::nullopt;
    }
    // A dead main thread counts as one for as long as others live.
    entry.dead = entry.state == 'Z' && threads <= 1;
    return entry;
}

std::vector<ProcessEntry> descendants_of(pid_t root) {
    std::multimap<pid_t, ProcessEntry> children;
    DIR* const proc = opendir("/proc");
    if (proc == nullptr) return {};
    while (const dirent* const file = readdir(proc)) {
        const pid_t pid = std::atoi(file->d_name);
        if (pid <= 0) continue;
        if (const auto entry = read_process(pid)) children.emplace(entry->parent, *entry);
    }
    closedir(proc);

    std::vector<ProcessEntry> found;
    std::vector<pid_t> parents = {root};
    while (!parents.empty()) {
        const pid_t parent = parents.back();
        parents.pop_back();
        const auto [first, last] = children.equal_range(parent);
        for (auto child = first; child != last; ++child) {
            parents.push_back(child->second.pid);
            if (!child->second.dead) found.push_back(child->second);
        }
        // Each is visited once, whatever a listing that was read while it changed may say.
        children.erase(first, last);
    }
    return found;
}

}  // namespace threadfault::target
