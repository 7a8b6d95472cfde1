#include "harness/listening.hpp"

#include "format/format.hpp"
#include "harness/process_tree.hpp"
#include "observe/process.hpp"
#include "threadfault/error.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <vector>

namespace threadfault::target {
namespace {

// A dead main thread has neither files nor a network any more; the living threads have.
std::string living_path(pid_t pid, std::string_view leaf) {
    try {
        return observe::Process(pid).living_task_path(leaf);
    } catch (const Error&) {
        return formatted("/proc/{}/{}", pid, leaf);
    }
}

using Inodes = std::set<std::string, std::less<>>;

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

// proc(5): "sl local_address rem_address st … inode"; 0A is TCP_LISTEN.
void add_tcp(const std::string& file, const std::string& port_suffix, Inodes* inodes) {
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 10 || words[3] != "0A" || !words[1].ends_with(port_suffix)) continue;
        inodes->insert(words[9]);
    }
}

// "Num RefCount Protocol Flags Type St Inode Path"; __SO_ACCEPTCON is 0x10000.
void add_unix(pid_t pid, const std::string& path, Inodes* inodes) {
    std::ifstream stream(living_path(pid, "net/unix"));
    char directory[PATH_MAX] = {};
    if (readlink(living_path(pid, "cwd").c_str(), directory, sizeof directory - 1) < 0) {
        directory[0] = '\0';
    }
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 8 || words[3] != "00010000") continue;
        const std::string bound = line.substr(line.find(words[7], line.find(words[6])));
        if (bound == path || formatted("{}/{}", directory, bound) == path) {
            inodes->insert(words[6]);
        }
    }
}

// 1: one of the sockets is open in the process; 0: none; -1: it can't be looked into.
int holds_one(pid_t pid, const Inodes& inodes) {
    const std::string directory = living_path(pid, "fd");
    DIR* const fds = opendir(directory.c_str());
    if (fds == nullptr) return -1;
    int held = 0;
    while (const dirent* const file = readdir(fds)) {
        char text[64];
        const ssize_t length =
            readlink(formatted("{}/{}", directory, file->d_name).c_str(), text, sizeof text);
        if (length <= 0) continue;
        std::string_view link(text, static_cast<std::size_t>(length));
        if (!link.starts_with("socket:[") || !link.ends_with(']')) continue;
        link.remove_prefix(8);
        link.remove_suffix(1);
        if (inodes.contains(link)) held = 1;
    }
    closedir(fds);
    return held;
}

}  // namespace

bool is_listening(pid_t pid, const std::string& where) {
    Inodes inodes;
    if (std::all_of(where.begin(), where.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        const std::string suffix = formatted(":{:04X}", std::atoi(where.c_str()));
        add_tcp(living_path(pid, "net/tcp"), suffix, &inodes);
        add_tcp(living_path(pid, "net/tcp6"), suffix, &inodes);
    } else {
        add_unix(pid, where, &inodes);
    }
    if (inodes.empty()) return false;
    const int own = holds_one(pid, inodes);
    if (own != 0) return true;  // where it can't be told whose the listener is, it counts
    const std::vector<ProcessEntry> below = descendants_of(pid);
    return std::any_of(below.begin(), below.end(), [&](const ProcessEntry& process) {
        return holds_one(process.pid, inodes) == 1;
    });
}

}  // namespace threadfault::target
