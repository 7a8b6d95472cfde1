// Where the guardian of an attached target listens: on this side, whatever namespaces the target is
// in. Clients look there when the process itself has no socket.
#ifndef THREADFAULT_ATTACH_CONTROL_SOCKET_HPP
#define THREADFAULT_ATTACH_CONTROL_SOCKET_HPP

#include "base/descriptor.hpp"

#include <sys/types.h>

#include <string>

namespace threadfault::attach {

class ControlSocket {
public:
    // Throws Error{no_directory}; Error{too_many} when another guardian serves this process;
    // Error{agent_silent} when one that has stopped serving it can't let it go.
    explicit ControlSocket(pid_t pid);
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    int descriptor() const noexcept { return listener_.get(); }
    // The next client that may talk to us (the same user, or root); -1: none.
    int accept() const;
    void close();

private:
    std::string path_;
    base::Descriptor listener_;
    base::Descriptor lock_;  // for as long as this guardian lives
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_CONTROL_SOCKET_HPP
