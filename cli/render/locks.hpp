// The lock graph and what watching has found, for people, scripts and Graphviz.
#ifndef THREADFAULT_CLI_RENDER_LOCKS_HPP
#define THREADFAULT_CLI_RENDER_LOCKS_HPP

#include "drive/locks/lock_graph.hpp"
#include "drive/locks/watch.hpp"
#include "render/style.hpp"

#include <string>
#include <vector>

namespace threadfault::cli {

// A process that was looked at.
struct NamedProcess {
    pid_t pid = 0;
    std::string command;
};

std::string render_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph,
                         const Style& style);
std::string json_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph);
// A digraph: threads are ellipses, objects boxes; edges lead from a waiter to what it waits for,
// and from there to the owner.
std::string dot_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph);

std::string render_watch(pid_t pid, const std::string& command, const drive::WatchReport& report,
                         const Style& style);
std::string json_watch(pid_t pid, const drive::WatchReport& report);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_LOCKS_HPP
