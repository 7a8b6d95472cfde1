#include "drive/faults/signal_watch.hpp"

#include <signal.h>

#include <thread>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;
using client::Clock;

constexpr auto kTakenWithin =
    1s;  // a thread that only waits for its turn on a CPU takes it by then
constexpr auto kDeathWithin = 3s;      // writing a core may take this long, and longer
constexpr auto kCrashHandler = 300ms;  // handlers of SIGSEGV and the like often end in abort()

bool is_crash(int signal) noexcept {
    switch (signal) {
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
        case SIGABRT:
        case SIGSYS:
        case SIGTRAP:
            return true;
        default:
            return false;
    }
}

bool dies_within(const observe::Process& process, std::chrono::milliseconds patience) {
    const Clock::time_point deadline = Clock::now() + patience;
    do {
        if (!process.alive()) return true;
        std::this_thread::sleep_for(2ms);
    } while (Clock::now() < deadline);
    return !process.alive();
}

}  // namespace

bool stops_by_default(int signal) noexcept {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

bool ends_by_default(int signal) noexcept {
    return !stops_by_default(signal) && signal != SIGCHLD && signal != SIGCONT &&
           signal != SIGURG && signal != SIGWINCH;
}

SignalFate watch_signal(const observe::Process& process, client::Connection* connection, pid_t tid,
                        int signal) {
    const std::uint64_t bit = std::uint64_t{1} << (signal - 1);
    const Clock::time_point deadline = Clock::now() + kTakenWithin;
    for (;;) {
        const std::optional<observe::TaskStatus> status = process.status(tid);
        if (!status)
            return dies_within(process, 100ms) ? SignalFate::process_ended : SignalFate::taken;
        const bool pending = (status->pending & bit) != 0;
        const bool blocked = (status->blocked & bit) != 0;
        if (!pending) {
            if (blocked || (status->ignored & bit)) return SignalFate::taken;
            if (status->caught & bit) {
                if (!is_crash(signal)) return SignalFate::taken;
                // The agent's sockets close before a core is written.
                const bool ends = connection == nullptr ? dies_within(process, kCrashHandler)
                                                        : connection->hung_up(kCrashHandler) &&
                                                              dies_within(process, kDeathWithin);
                return ends ? SignalFate::process_ended : SignalFate::taken;
            }
            if (!ends_by_default(signal)) return SignalFate::taken;
            return dies_within(process, kDeathWithin) ? SignalFate::process_ended
                                                      : SignalFate::taken;
        }
        if (Clock::now() >= deadline) {
            return blocked ? SignalFate::stays_queued : SignalFate::taken;
        }
        if (!process.alive()) return SignalFate::process_ended;
        std::this_thread::sleep_for(1ms);
    }
}

}  // namespace threadfault::drive
