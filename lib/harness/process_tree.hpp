// The processes below a process, as /proc lists them.
#ifndef THREADFAULT_HARNESS_PROCESS_TREE_HPP
#define THREADFAULT_HARNESS_PROCESS_TREE_HPP

#include <sys/types.h>

#include <optional>
#include <vector>

namespace threadfault::target {

struct ProcessEntry {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    char state = '?';
    bool dead = false;  // with all its threads: a main thread in state Z may be survived by others
};

std::optional<ProcessEntry> read_process(pid_t pid);

// Children, their children and so on, the dead left out; parents before their children.
std::vector<ProcessEntry> descendants_of(pid_t root);

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_PROCESS_TREE_HPP
