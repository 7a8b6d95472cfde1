// What is seen from outside of an attached process, and of its guardian.
#ifndef THREADFAULT_TESTS_ATTACH_ATTACHED_STATE_HPP
#define THREADFAULT_TESTS_ATTACH_ATTACHED_STATE_HPP

#include "support/proc.hpp"

#include <sys/types.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace threadfault::test {

inline std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// What attaching could leave behind: mappings, descriptors, signals, threads.
inline std::string state_of(pid_t pid) {
    const std::string proc = "/proc/" + std::to_string(pid);
    std::string state = contents(proc + "/maps");
    std::vector<std::string> fds;
    for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd"))
        fds.push_back(entry.path().filename());
    std::sort(fds.begin(), fds.end());
    for (const std::string& fd : fds)
        state += "fd " + fd + "\n";
    for (const pid_t tid : tasks(pid)) {
        std::istringstream status(contents(proc + "/task/" + std::to_string(tid) + "/status"));
        for (std::string line; std::getline(status, line);) {
            // SigQ counts the signals of the user's other processes, too.
            const bool told = line.starts_with("SigB") || line.starts_with("SigI") ||
                              line.starts_with("SigC") || line.starts_with("Tracer") ||
                              line.starts_with("Name");
            if (told) state += std::to_string(tid) + " " + line + "\n";
        }
    }
    return state;
}

inline pid_t guardian_of(pid_t pid) {
    const std::string wanted =
        std::string("threadfault-attach") + '\0' + std::to_string(pid) + '\0';
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t candidate = std::atoi(entry.path().filename().c_str());
        if (candidate != 0 && contents(entry.path() / "cmdline").find(wanted) != std::string::npos)
            return candidate;
    }
    return 0;
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_ATTACH_ATTACHED_STATE_HPP
