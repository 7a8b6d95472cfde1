// From a selector to the threads that it means.
#ifndef THREADFAULT_DRIVE_FAULTS_CHOOSE_HPP
#define THREADFAULT_DRIVE_FAULTS_CHOOSE_HPP

#include "client/connection.hpp"
#include "drive/threads/selector.hpp"
#include "observe/process.hpp"
#include "threadfault/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {

// A thread, chosen, and seen alive in /proc under that name.
struct Victim {
    pid_t tid = 0;
    pid_t inner_tid = 0;
    std::uint64_t serial = 0;       // 0: the agent has no record of it
    std::uint64_t start_ticks = 0;  // with the tid it names one thread
    std::string name;
    std::string path;
    char state = '?';
    bool main = false;
    bool unjoined = false;  // nobody joined it when it was chosen; false: not known
};

struct Choice {
    Pick pick = Pick::one;
    std::optional<std::uint64_t> seed;  // for random; without: a new one each time
};

// Never empty. With several matches and Pick::one throws Error{no_such_thread,
// "ambiguous_selector"} that lists them; without a match, Error{no_such_thread} with the nearest.
// Without a connection: as /proc and the process's memory tell.
std::vector<Victim> choose(const observe::Process& process, client::Connection* connection,
                           const Selector& selector, const Choice& choice);
inline std::vector<Victim> choose(const observe::Process& process, client::Connection& connection,
                                  const Selector& selector, const Choice& choice) {
    return choose(process, &connection, selector, choice);
}

// Every thread with a fault in force that can be undone; may be empty.
std::vector<Victim> choose_faulty(const observe::Process& process, client::Connection& connection);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_CHOOSE_HPP
