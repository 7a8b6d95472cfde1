#include "support/proc.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

namespace threadfault::test {
namespace {

std::string task_path(pid_t pid, pid_t tid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/" + file;
}

std::string read_all(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

std::vector<pid_t> tasks(pid_t pid) {
    std::vector<pid_t> tids;
    const std::string path = "/proc/" + std::to_string(pid) + "/task";
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), &closedir);
    if (!directory) return tids;
    while (const dirent* entry = readdir(directory.get())) {
        if (entry->d_name[0] != '.') tids.push_back(std::atoi(entry->d_name));
    }
    return tids;
}

std::string task_name(pid_t pid, pid_t tid) {
    std::string name = read_all(task_path(pid, tid, "comm"));
    while (!name.empty() && name.back() == '\n')
        name.pop_back();
    return name;
}

std::optional<pid_t> task_named(pid_t pid, const std::string& name) {
    for (pid_t tid : tasks(pid)) {
        if (task_name(pid, tid) == name) return tid;
    }
    return std::nullopt;
}

bool task_exists(pid_t pid, pid_t tid) {
    const char state = task_state(pid, tid);
    return state != 0 && state != 'Z' && state != 'X';
}

char task_state(pid_t pid, pid_t tid) {
    const std::string stat = read_all(task_path(pid, tid, "stat"));
    const std::size_t parenthesis = stat.rfind(')');
    if (parenthesis == std::string::npos || parenthesis + 2 >= stat.size()) return 0;
    return stat[parenthesis + 2];
}

long status_number(pid_t pid, const std::string& key) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key + ":")) return std::atol(line.c_str() + key.size() + 1);
    }
    return -1;
}

int free_tcp_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool found =
        fd >= 0 && bind(fd, generic, length) == 0 && getsockname(fd, generic, &length) == 0;
    const int error = errno;
    if (fd >= 0) close(fd);
    if (!found) throw std::system_error(error, std::generic_category(), "free_tcp_port");
    return ntohs(address.sin_port);
}

}  // namespace threadfault::test
