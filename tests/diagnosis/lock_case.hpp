// A situation that stands, and what `locks` says of it in names instead of numbers.
#ifndef THREADFAULT_TESTS_DIAGNOSIS_LOCK_CASE_HPP
#define THREADFAULT_TESTS_DIAGNOSIS_LOCK_CASE_HPP

#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace threadfault::test {

using Names = std::vector<std::string>;

// One element of "locks".
struct SeenLock {
    std::string kind;
    std::string symbol;  // "" null
    bool owned = false;
    pid_t owner = 0;
    std::string owner_name;  // "" null
    bool owner_alive = false;
    std::string fate;  // "" null
    Names waiters;     // sorted
    bool orphaned = false;
    Names stuck_behind;  // sorted
    pid_t owner_pid = 0;
    std::vector<pid_t> others;
    std::string note;       // "" null
    std::string note_code;  // "" there is no note
    bool dead_waiter = false;
};

struct Graph {
    std::vector<SeenLock> locks;
    std::vector<Names> cycles;  // sorted
    std::string text;           // for messages

    // The one that this thread waits for; nullopt: none.
    std::optional<SeenLock> awaited_by(const std::string& name) const;
    bool has_orphans() const;
};

enum class Shim { no, yes };

class Scene {
public:
    // `tracer`: what the program is started with, and is then a child of.
    explicit Scene(const Names& situation, Shim shim = Shim::no, const Names& tracer = {});

    // The situation stands, and the agent answers where there is one.
    bool stands();
    // From now on the process's only child is what is looked at. False: it has none, or another
    // number of them.
    bool look_at_child();
    Process& process() noexcept { return process_; }
    pid_t pid() const noexcept { return pid_; }
    pid_t tid(const std::string& name) const { return task_named(pid(), name).value_or(0); }

    // threadfault --json COMMAND PID ARGUMENTS…
    CliResult command(const std::string& name, Names arguments = {}) const;
    Graph locks() const;
    // Looks until this thread is seen to wait: a look in which a wait was just changing leaves it
    // out.
    Graph locks_with(const std::string& waiter) const;

private:
    Process process_;
    Shim shim_;
    bool traced_;
    pid_t pid_;
};

std::ostream& operator<<(std::ostream& stream, const Graph& graph);

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_DIAGNOSIS_LOCK_CASE_HPP
