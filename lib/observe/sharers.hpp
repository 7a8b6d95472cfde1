// Which other processes can reach an object in a process's memory: those that map the same shared
// memory, and those that run in the very same memory (CLONE_VM without CLONE_THREAD).
#ifndef THREADFAULT_OBSERVE_SHARERS_HPP
#define THREADFAULT_OBSERVE_SHARERS_HPP

#include "observe/maps.hpp"
#include "observe/process.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::observe {

// A byte of shared memory, whatever address a process has it at.
struct SharedPlace {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    auto operator<=>(const SharedPlace&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct Sharing {
    std::optional<SharedPlace> place;  // nothing: the memory is the process's own
    std::vector<pid_t> others;         // living processes that map it now, ascending
    // Nobody else can have it: all processes could be looked at, and the memory has no name by
    // which it could be mapped later.
    bool complete = true;
    std::vector<pid_t> unreadable;  // processes that could not be looked at, and might
    bool nameless = false;          // MAP_SHARED | MAP_ANONYMOUS: children of fork() alone have it
};

// Of one process, as it is now; for one look. The other processes are only looked at when an object
// lies in shared memory, each once.
class Sharers {
public:
    explicit Sharers(const Process& process) : process_(process) {}

    const Sharing& of(std::uint64_t address);
    // Other processes in the same memory; where the kernel doesn't tell (kcmp(2)), those whose
    // memory map is the same to the letter.
    const std::vector<pid_t>& siblings();

private:
    struct Range {
        pid_t pid = 0;
        std::uint64_t begin = 0;  // in the file
        std::uint64_t end = 0;
    };
    void look_at_others();
    std::vector<pid_t> possible_relatives() const;

    const Process& process_;
    std::optional<Maps> maps_;
    bool looked_ = false;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<Range>> ranges_;
    std::vector<pid_t> unreadable_;
    std::map<std::uint64_t, Sharing> known_;  // by address
    std::optional<std::vector<pid_t>> siblings_;
};

// Has the process been made by fork(2) and not called execve(2) since then? Then it has what its
// parent's memory had.
bool is_copy_of_parent(const TaskStat& leader) noexcept;

// Do both number their threads in the same pid namespace? std::nullopt: can't be told.
std::optional<bool> same_pid_namespace(pid_t one, pid_t other);

// Does /proc show us all processes that there are: are we in the first pid namespace?
bool sees_all_processes();

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_SHARERS_HPP
