#include "client/find_agent.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

namespace threadfault::client {
namespace {

constexpr const char* kParents[] = {"/tmp", "/dev/shm"};
constexpr std::string_view kPrefix = "threadfault-";
constexpr std::string_view kSuffix = ".sock";

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string leaf(const observe::TaskStatus& status) {
    return "/" + std::to_string(inner_pid(status)) + std::string(kSuffix);
}

}  // namespace

pid_t inner_pid(const observe::TaskStatus& status) noexcept {
    return status.ns_pid.empty() ? status.tgid : status.ns_pid.back();
}

std::vector<std::string> likely_sockets(const std::string& root,
                                        const observe::TaskStatus& status) {
    std::vector<uid_t> uids{status.effective_uid};
    for (uid_t uid : {status.real_uid, uid_t{0}}) {
        if (std::find(uids.begin(), uids.end(), uid) == uids.end()) uids.push_back(uid);
    }
    const std::string end = leaf(status);
    std::vector<std::string> paths;
    for (uid_t uid : uids) {
        for (const char* parent : kParents) {
            std::string path = root;
            path.append(parent).append("/").append(kPrefix);
            paths.push_back(path.append(std::to_string(uid)).append(end));
        }
    }
    return paths;
}

static std::vector<std::string> attach_sockets_of(uid_t uid, pid_t pid) {
    std::vector<std::string> paths;
    for (const char* parent : kParents) {
        std::string path(parent);
        path.append("/").append(kPrefix).append(std::to_string(uid)).append("/");
        paths.push_back(path.append(std::to_string(pid)).append(".attach").append(kSuffix));
    }
    return paths;
}

std::vector<std::string> own_attach_sockets(pid_t pid) {
    return attach_sockets_of(geteuid(), pid);
}

bool is_attached(pid_t pid) {
    std::vector<uid_t> uids{geteuid()};
    if (geteuid() != 0) uids.push_back(0);
    for (const uid_t uid : uids) {
        for (const std::string& path : attach_sockets_of(uid, pid)) {
            if (access(path.c_str(), F_OK) == 0) return true;
        }
    }
    return false;
}

std::vector<std::string> attach_sockets(const observe::TaskStatus& status) {
    const pid_t pid = status.ns_pid.empty() ? status.tgid : status.ns_pid.front();
    std::vector<uid_t> uids{geteuid()};
    for (const uid_t uid : {status.effective_uid, uid_t{0}}) {
        if (std::find(uids.begin(), uids.end(), uid) == uids.end()) uids.push_back(uid);
    }
    std::vector<std::string> paths;
    for (const uid_t uid : uids)
        for (std::string& path : attach_sockets_of(uid, pid))
            paths.push_back(std::move(path));
    return paths;
}

std::vector<std::string> socket_directories(const std::string& root) {
    std::vector<std::string> directories;
    for (const char* parent : kParents) {
        const std::string path = root + parent;
        Directory directory(opendir(path.c_str()));
        if (!directory) continue;
        while (const dirent* entry = readdir(directory.get())) {
            if (std::string_view(entry->d_name).starts_with(kPrefix)) {
                directories.push_back(path + "/" + entry->d_name);
            }
        }
    }
    std::sort(directories.begin(), directories.end());
    return directories;
}

std::vector<std::string> own_socket_directories() {
    std::vector<std::string> directories;
    for (const char* parent : kParents) {
        std::string path(parent);
        path.append("/").append(kPrefix);
        directories.push_back(path.append(std::to_string(geteuid())));
    }
    return directories;
}

std::vector<std::string> other_sockets(const std::string& root, const observe::TaskStatus& status) {
    const std::vector<std::string> likely = likely_sockets(root, status);
    const std::string end = leaf(status);
    std::vector<std::string> paths;
    for (const std::string& directory : socket_directories(root)) {
        const std::string path = directory + end;
        if (std::find(likely.begin(), likely.end(), path) == likely.end()) paths.push_back(path);
    }
    return paths;
}

std::vector<pid_t> sockets_in(const std::string& directory) {
    std::vector<pid_t> pids;
    Directory handle(opendir(directory.c_str()));
    if (!handle) return pids;
    while (const dirent* entry = readdir(handle.get())) {
        std::string_view name = entry->d_name;
        if (!name.ends_with(kSuffix)) continue;
        name.remove_suffix(kSuffix.size());
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && end == name.data() + name.size() && pid > 0) {
            pids.push_back(pid);
        }
    }
    return pids;
}

}  // namespace threadfault::client
