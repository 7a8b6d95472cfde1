#include "drive/programs/targets.hpp"

#include "base/glob.hpp"
#include "client/absence.hpp"
#include "client/connection.hpp"
#include "client/find_agent.hpp"
#include "client/stale_sockets.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <utility>

namespace threadfault::drive {
namespace {

using FileId = std::pair<dev_t, ino_t>;

FileId identity(const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) return {};
    return {about.st_dev, about.st_ino};
}

// Most processes share one /tmp and one /dev/shm: each pair of directories is listed once.
class SocketIndex {
public:
    const std::set<pid_t>& below(const std::string& root) {
        const std::pair<FileId, FileId> key(identity(root + "/tmp"), identity(root + "/dev/shm"));
        const auto [entry, fresh] = known_.try_emplace(key);
        if (!fresh) return entry->second;
        for (const std::string& directory : client::socket_directories(root)) {
            for (pid_t pid : client::sockets_in(directory))
                entry->second.insert(pid);
        }
        return entry->second;
    }

private:
    std::map<std::pair<FileId, FileId>, std::set<pid_t>> known_;
};

bool has_socket(pid_t pid, SocketIndex* index) {
    std::string root = "/proc/" + std::to_string(pid) + "/root";
    struct stat about {};
    if (stat(root.c_str(), &about) != 0) {
        // A dead leader has no root any more; the living threads have.
        try {
            root = observe::Process(pid).root_path();
        } catch (const Error&) {
            return false;
        }
    }
    if (client::is_attached(pid)) return true;
    const std::set<pid_t>& sockets = index->below(root);
    if (sockets.empty()) return false;
    if (sockets.contains(pid)) return true;
    const observe::TaskStatus status = observe::Process(pid).process_status();
    return status.ns_pid.size() > 1 && sockets.contains(client::inner_pid(status));
}

bool is_meant(const std::string& glob, std::string_view name) {
    return base::glob_match(glob.c_str(), std::string(name).c_str());
}

bool runs_program(const observe::Process& process, const std::string& glob) {
    const std::string command = process.command();
    std::string_view file(command);
    file = file.substr(0, file.find(' '));
    file = file.substr(file.rfind('/') + 1);
    return is_meant(glob, file) || is_meant(glob, process.name(process.pid()).value_or(""));
}

bool is_in_container(pid_t pid, const std::string& wanted) {
    const auto container = observe::container_of(pid);
    return container && container->id.starts_with(wanted);
}

// Pids are used again while we climb: the way up is bounded by what a tree of processes can have.
bool descends_from(pid_t pid, pid_t ancestor) {
    for (int depth = 0; pid > 0 && depth < 10'000; ++depth) {
        if (pid == ancestor) return true;
        pid = observe::Process(pid).process_status().parent;
    }
    return false;
}

bool matches(const TargetFilter& filter, const observe::Process& process) {
    if (!filter.command.empty() && !runs_program(process, filter.command)) return false;
    if (filter.ancestor != 0 && !descends_from(process.pid(), filter.ancestor)) return false;
    return filter.container.empty() || is_in_container(process.pid(), filter.container);
}

std::vector<pid_t> with_socket() {
    std::vector<pid_t> pids;
    SocketIndex index;
    for (pid_t pid : observe::all_pids()) {
        try {
            if (has_socket(pid, &index)) pids.push_back(pid);
        } catch (const Error&) {
            continue;  // it ended while we looked
        }
    }
    return pids;
}

bool runs_under_shim(pid_t pid) {
    try {
        return client::shim_is_loaded(observe::Process(pid));
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::vector<pid_t> likely_targets() {
    std::vector<pid_t> pids = with_socket();
    // A socket may be left of a process whose id is another one's by now.
    std::erase_if(pids,
                  [](pid_t pid) { return !client::is_attached(pid) && !runs_under_shim(pid); });
    return pids;
}

std::vector<TargetProcess> find_targets() {
    return find_targets(TargetFilter{});
}

std::vector<TargetProcess> find_targets(const TargetFilter& filter) {
    std::vector<TargetProcess> targets;
    // Here, because this lists all sockets anyway, and many that are stale make it slow.
    client::remove_stale_sockets();
    for (pid_t pid : with_socket()) {
        try {
            const observe::Process process(pid);
            if (!matches(filter, process)) continue;
            client::Connection connection(process);
            const std::size_t listed = process.snapshot().size();
            // One of them is the agent's own, unless a guardian outside does its work.
            const std::size_t ours = connection.guardian() != 0 || listed == 0 ? 0 : 1;
            targets.push_back({pid, process.command(), listed - ours, observe::container_of(pid)});
        } catch (const Error&) {
            continue;  // a stale socket, or one that is not ours to use
        }
    }
    return targets;
}

std::vector<TargetProcess> find_processes(const TargetFilter& filter) {
    std::vector<TargetProcess> found;
    for (pid_t pid : observe::all_pids()) {
        if (pid == getpid()) continue;
        try {
            const observe::Process process(pid);
            // Kernel threads have no program, what is left of a dead process has no thread.
            const std::string command = process.command();
            if (!matches(filter, process) || command.starts_with('[') || !process.alive()) continue;
            found.push_back({pid, command, process.snapshot().size(), observe::container_of(pid)});
        } catch (const Error&) {
            continue;  // it ended while we looked
        }
    }
    return found;
}

}  // namespace threadfault::drive
