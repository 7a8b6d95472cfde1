// The agent's end of the control socket: /tmp/threadfault-<euid>/<pid>.sock, or under /dev/shm.
// Raw system calls only; used by the helper thread alone, unless it says otherwise.
#ifndef THREADFAULT_PRELOAD_CONTROL_SOCKET_HPP
#define THREADFAULT_PRELOAD_CONTROL_SOCKET_HPP

#include "wire/wire.hpp"

namespace threadfault::shim {

// A listening, non-blocking socket, or -errno.
int open_socket() noexcept;

// The next client, non-blocking; -EAGAIN: none. -EACCES: a client without permission was rejected.
int accept_client(int listener) noexcept;

// Tells a client that is not served why, and closes it.
void turn_away(int client, wire::ErrorCode code, const char* text) noexcept;

// A connection that is closed at once: wakes the listener when no signal is available for it. Any
// thread.
void knock_at_socket() noexcept;

// Removes the socket's file. Any thread.
void remove_socket() noexcept;

// In a forked child: the file is the parent's.
void forget_socket() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_CONTROL_SOCKET_HPP
