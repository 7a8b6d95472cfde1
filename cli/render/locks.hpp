// The lock graph and what watching has found, for people, scripts and Graphviz.
#ifndef THREADFAULT_CLI_RENDER_LOCKS_HPP
#define THREADFAULT_CLI_RENDER_LOCKS_HPP

#include "drive/locks/lock_graph.hpp"
#include "drive/locks/watch.hpp"
#include "render/style.hpp"

#include <string>

namespace threadfault::cli {

std::string render_locks(pid_t pid, const std::string& command, const drive::LockGraph& graph,
                         const Style& style);
std::string json_locks(pid_t pid, const drive::LockGraph& graph);
// A digraph: threads are ellipses, objects boxes; edges lead from a waiter to what it waits for,
// and from there to the owner.
std::string dot_locks(pid_t pid, const std::string& command, const drive::LockGraph& graph);

std::string render_watch(pid_t pid, const std::string& command, const drive::WatchReport& report,
                         const Style& style);
std::string json_watch(pid_t pid, const drive::WatchReport& report);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_LOCKS_HPP
