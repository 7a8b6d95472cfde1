// Does a process listen? Looked at from outside: a connection that is only an attempt would be
// noticed.
#ifndef THREADFAULT_HARNESS_LISTENING_HPP
#define THREADFAULT_HARNESS_LISTENING_HPP

#include <sys/types.h>

#include <string>

namespace threadfault::target {

// `where`: a TCP port, the path of a unix socket, or "@name" of an abstract one. True when `pid` or
// a process below it listens there.
bool is_listening(pid_t pid, const std::string& where);

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_LISTENING_HPP
