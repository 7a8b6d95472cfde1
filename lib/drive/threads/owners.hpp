// Whose is a lock? The number in it may be a thread's of this process, of another one that shares
// the memory, or of the process that this one was forked from; and nobody is dead without evidence.
#ifndef THREADFAULT_DRIVE_THREADS_OWNERS_HPP
#define THREADFAULT_DRIVE_THREADS_OWNERS_HPP

#include "client/connection.hpp"
#include "drive/grounds/grounds.hpp"
#include "drive/threads/tid_numbers.hpp"
#include "observe/process.hpp"
#include "observe/sharers.hpp"
#include "observe/wait_object.hpp"

#include <map>
#include <optional>
#include <unordered_set>

namespace threadfault::drive {

struct Owner {
    enum class State { alive, dead, unknown };
    State state = State::unknown;
    pid_t tid = 0;  // as /proc numbers it; dead: the number in the object; unknown: 0
    pid_t pid = 0;  // the process that it is a thread of, where that is another one
    std::optional<Ground> note = {};  // how it was inherited, why it is unknown
};

class Owners {
public:
    // All must outlive it. `living`: the process's threads.
    Owners(const observe::Process& process, client::Connection* connection, TidNumbers& numbers,
           observe::Sharers& sharers, const std::unordered_set<pid_t>& living)
        : process_(process),
          connection_(connection),
          numbers_(numbers),
          sharers_(sharers),
          living_(living) {}

    // `wait.owner_tid` must be known.
    Owner of(const observe::WaitObject& wait);

private:
    struct Elsewhere {
        pid_t tid = 0;
        pid_t pid = 0;
    };
    Owner in_own_memory(pid_t inner);
    Owner in_shared_memory(const observe::Sharing& sharing, pid_t inner);
    Owner inherited_or_dead(pid_t inner);
    Owner inherited_from(const Elsewhere& forker);
    std::optional<Elsewhere> thread_of_ancestor(pid_t inner) const;
    bool lives_without_it(pid_t inner) const;

    const observe::Process& process_;
    client::Connection* connection_;
    TidNumbers& numbers_;
    observe::Sharers& sharers_;
    const std::unordered_set<pid_t>& living_;
    std::map<pid_t, Owner> inherited_;  // by the number in the object
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_OWNERS_HPP
