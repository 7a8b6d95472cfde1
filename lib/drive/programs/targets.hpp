// Processes of the machine: those that have an agent which we may talk to, and others.
#ifndef THREADFAULT_DRIVE_PROGRAMS_TARGETS_HPP
#define THREADFAULT_DRIVE_PROGRAMS_TARGETS_HPP

#include "observe/container.hpp"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

struct TargetProcess {
    pid_t pid = 0;
    std::string command;
    std::size_t threads = 0;  // without the agent
    std::optional<observe::Container> container = {};
};

// Ascending pids. Looks into every process's own /tmp and /dev/shm (private ones and containers'
// too), and talks only to processes that have a socket there. Never throws for a single process.
// Removes what killed processes left in this user's own directories.
std::vector<TargetProcess> find_targets();

// Which of them? What is empty or 0 does not matter.
struct TargetFilter {
    std::string command;    // GLOB: the program's file name, or the name of its main thread
    pid_t ancestor = 0;     // that process, its children and theirs
    std::string container;  // the begin of its id, or its name
    bool is_open() const { return command.empty() && ancestor == 0 && container.empty(); }
};
std::vector<TargetProcess> find_targets(const TargetFilter& filter);

// Targets or not: all programs that run but ourselves.
std::vector<TargetProcess> find_processes(const TargetFilter& filter);

// The same without a word to any agent: processes that have a socket and the shim. May name one
// whose agent has just ended.
std::vector<pid_t> likely_targets();

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_TARGETS_HPP
