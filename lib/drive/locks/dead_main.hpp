// A main thread that has ended while other threads live on: the kernel keeps it listed, in state Z,
// for as long as they do.
#ifndef THREADFAULT_DRIVE_LOCKS_DEAD_MAIN_HPP
#define THREADFAULT_DRIVE_LOCKS_DEAD_MAIN_HPP

#include "client/connection.hpp"
#include "drive/threads/selector.hpp"
#include "drive/threads/thread_view.hpp"
#include "observe/process.hpp"

#include <optional>

namespace threadfault::drive {

// std::nullopt: it lives, or nobody does. `connection` may be nullptr: then how it ended is
// unknown.
std::optional<ThreadView> dead_main(const observe::Process& process,
                                    client::Connection* connection);

// For a selector that no living thread matches: throws Error{no_such_thread} when the dead main
// thread is what it names.
void require_not_dead_main(const observe::Process& process, client::Connection* connection,
                           const Selector& selector);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_DEAD_MAIN_HPP
