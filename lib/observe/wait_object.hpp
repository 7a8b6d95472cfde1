// What a blocked thread waits for, told from outside by its system call's arguments, the call of
// libc's that it is in, and the memory that they point to.
#ifndef THREADFAULT_OBSERVE_WAIT_OBJECT_HPP
#define THREADFAULT_OBSERVE_WAIT_OBJECT_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"
#include "threadfault/types.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace threadfault::observe {

struct WaitObject {
    WaitKind kind = WaitKind::futex;
    std::uint64_t address =
        0;  // of the object (for join: the joinee's pthread_t), not the futex word
    std::optional<pid_t> owner_tid;  // where the object tells it, as the target's own pid namespace
                                     // numbers it
    bool owner_dead = false;         // it has one that is dead, and whose tid it no longer tells
    bool timed = false;              // the wait has an end of its own
    bool shared = false;             // the owner may be a thread of another process
    std::string call;                // "pthread_join", "std::latch wait"; "" unknown
    std::string name;                // of an object without a symbol: "stdout"; "" none
};

class CallFacts;
struct FutexWait;

// For many threads of one process: remembers what it has seen of the code. Not thread-safe.
class WaitClassifier {
public:
    // Which of libc's functions makes the system call, where its code tells.
    enum class Caller { other, syscall_function, cancellation_point };
    using CodeCache = std::unordered_map<std::uint64_t, Caller>;

    // Both must outlive it. `facts`: nullptr: by the memory around the word alone.
    explicit WaitClassifier(const Memory& memory, CallFacts* facts = nullptr) noexcept
        : memory_(memory), facts_(facts) {}
    // As classify_wait(). `own_tid`: of the thread, as its own pid namespace numbers it; 0 unknown.
    std::optional<WaitObject> classify(const TaskSyscall& syscall, pid_t own_tid = 0);

private:
    WaitObject object_of(FutexWait wait, const TaskSyscall& syscall, pid_t own_tid);
    Caller caller_at(std::uint64_t instruction_pointer);

    const Memory& memory_;
    CallFacts* const facts_;
    CodeCache code_;  // by instruction pointer
};

// By the memory around the word alone. std::nullopt: not in a futex wait. Anything in a futex wait
// that no layout explains is `futex`.
std::optional<WaitObject> classify_wait(const TaskSyscall& syscall, const Memory& memory);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_WAIT_OBJECT_HPP
