// What became of a signal that was queued to a thread, told from /proc.
#ifndef THREADFAULT_DRIVE_FAULTS_SIGNAL_WATCH_HPP
#define THREADFAULT_DRIVE_FAULTS_SIGNAL_WATCH_HPP

#include "client/connection.hpp"
#include "observe/process.hpp"

namespace threadfault::drive {

enum class SignalFate {
    taken,         // a handler runs, sigwait(3) returned, or it was ignored
    stays_queued,  // the thread blocks it
    process_ended,
};

// Watches briefly: until the signal is no longer pending, and, where its action is deadly or a
// crash handler may end the process a moment later, whether it does. At most about three seconds.
// `connection`: nullptr without an agent.
SignalFate watch_signal(const observe::Process& process, client::Connection* connection, pid_t tid,
                        int signal);

// Does the default action of this signal end the process, or stop it?
bool ends_by_default(int signal) noexcept;
bool stops_by_default(int signal) noexcept;

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_SIGNAL_WATCH_HPP
