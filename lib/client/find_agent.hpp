// Where a process's agent listens, as seen from here.
#ifndef THREADFAULT_CLIENT_FIND_AGENT_HPP
#define THREADFAULT_CLIENT_FIND_AGENT_HPP

#include "observe/process.hpp"

#include <string>
#include <vector>

namespace threadfault::client {

// The places where the agent of a process with this status may have put its socket, likeliest
// first, below `root` ("/proc/4711/root"): the directory is named after the effective uid that the
// process had when its agent started, which a later setuid() has not changed.
std::vector<std::string> likely_sockets(const std::string& root, const observe::TaskStatus& status);

// The rest: every threadfault-* directory below `root`. For processes that changed their uid in
// another way, or whose user namespace numbers uids differently.
std::vector<std::string> other_sockets(const std::string& root, const observe::TaskStatus& status);

// Where the guardian of an attached process listens (lib/attach), on this side, likeliest first:
// one that we have started, one of the process's own user, one of root's.
std::vector<std::string> attach_sockets(const observe::TaskStatus& status);
// Is there such a socket? It may be a dead guardian's.
bool is_attached(pid_t pid);
// Where a guardian that we start puts its own.
std::vector<std::string> own_attach_sockets(pid_t pid);

// The directories below `root` that may hold agents' sockets.
std::vector<std::string> socket_directories(const std::string& root);

// Those of them, below the root of this process, where agents of this user put theirs.
std::vector<std::string> own_socket_directories();

// The pids (as the targets see themselves) that "<pid>.sock" files of `directory` name.
std::vector<pid_t> sockets_in(const std::string& directory);

// The pid that the process sees itself under: the innermost of NSpid.
pid_t inner_pid(const observe::TaskStatus& status) noexcept;

}  // namespace threadfault::client

#endif  // THREADFAULT_CLIENT_FIND_AGENT_HPP
