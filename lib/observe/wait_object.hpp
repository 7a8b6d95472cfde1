// What a blocked thread waits for, told from outside by its system call's arguments and the memory
// that they point to. x86-64 and glibc 2.34..2.36 layouts live in wait_object.cpp alone.
#ifndef THREADFAULT_OBSERVE_WAIT_OBJECT_HPP
#define THREADFAULT_OBSERVE_WAIT_OBJECT_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>

namespace threadfault::observe {

enum class WaitKind { mutex, rwlock, cond, sem, barrier, join, futex };

std::string_view to_string(WaitKind kind) noexcept;

struct WaitObject {
    WaitKind kind = WaitKind::futex;
    std::uint64_t address =
        0;  // of the object (for join: the joinee's pthread_t), not the futex word
    std::optional<pid_t> owner_tid;  // where the object tells it, as the target's own pid namespace
                                     // numbers it
    bool timed = false;              // the wait has an end of its own
    bool shared = false;             // the owner may be a thread of another process
};

// For many threads of one process: remembers what it has seen of the code. Not thread-safe.
class WaitClassifier {
public:
    using CodeCache = std::unordered_map<std::uint64_t, bool>;

    // `memory` must outlive it.
    explicit WaitClassifier(const Memory& memory) noexcept : memory_(memory) {}
    // As classify_wait().
    std::optional<WaitObject> classify(const TaskSyscall& syscall);

private:
    const Memory& memory_;
    CodeCache code_;  // by instruction pointer: is it libc's syscall()?
};

// std::nullopt: not in a futex wait. Anything in a futex wait that no layout explains is `futex`.
std::optional<WaitObject> classify_wait(const TaskSyscall& syscall, const Memory& memory);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_WAIT_OBJECT_HPP
