// What is known of a thread that has ended.
#ifndef THREADFAULT_DRIVE_LOCKS_FATE_HPP
#define THREADFAULT_DRIVE_LOCKS_FATE_HPP

#include "client/connection.hpp"
#include "drive/threads/start_name.hpp"
#include "observe/process.hpp"
#include "observe/symbols.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::drive {

struct Fate {
    pid_t tid = 0;     // as the process has it
    std::string name;  // "" unknown
    std::optional<EndKind> how;
    std::optional<double> ago;  // seconds; unset: found gone, nobody knows since when
    std::string text;           // "vanished 3.2 s ago, start routine serve (main/2)"; "" unknown
};

// "returned", "exited", "was cancelled", "vanished", "ended".
std::string_view end_verb(wire::EndKind how) noexcept;

class Fates {
public:
    // `connection` may be nullptr: then every fate is unknown.
    Fates(const observe::Process& process, client::Connection* connection,
          observe::Symbols& symbols)
        : connection_(connection), starts_(process, symbols) {}

    // Of the last thread with that tid that has ended.
    Fate of(pid_t inner_tid);
    // Of the last thread that vanished asleep on a futex word in that range, or whose pthread_t was
    // there; tid 0: none is known.
    Fate of_sleeper(std::uint64_t begin, std::uint64_t end);

private:
    Fate told(const wire::DeadReply& dead);

    client::Connection* connection_;
    StartNames starts_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_FATE_HPP
