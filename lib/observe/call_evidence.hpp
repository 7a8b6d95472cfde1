// In which call a sleeping thread is, told by code: the functions that the return addresses on its
// stack lie in, found by the unwind tables, and the function that the program's own call
// instruction names. Nothing is stopped: the stack is read while the thread sleeps.
#ifndef THREADFAULT_OBSERVE_CALL_EVIDENCE_HPP
#define THREADFAULT_OBSERVE_CALL_EVIDENCE_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"
#include "observe/wait_calls.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace threadfault::observe {

// The innermost words of a sleeping thread's stack.
struct StackTop {
    static constexpr std::size_t kWords = 64;
    std::uint64_t address = 0;
    std::array<std::uint64_t, kWords> words{};
    std::size_t count = 0;  // that could be read
};

struct CallEvidence {
    enum class By {
        unknown,  // nothing is told
        libc,     // libc's own code sleeps
        others,   // the program's or another library's, perhaps by libc's syscall()
    };
    By by = By::unknown;
    const WaitCall* call = nullptr;  // of libc's: the one that waits
    // libc's: every function up to the program's own is known, and none of them but `call` waits.
    bool complete = false;
    std::string name;              // for people; "" unknown
    std::uint64_t frames_end = 0;  // libc's frames lie between the stack pointer and here
    std::uint64_t caller_end = 0;  // and the caller's from there to here; 0 unknown
    std::uint64_t argument = 0;    // that the caller gave first, where its code says it; 0 unknown
};

// Of one process, as it is now; for a few looks in a row. Thread-safe. Files are opened when they
// are first needed, each once.
class CallFacts {
public:
    CallFacts(const Process& process, const Memory& memory);
    ~CallFacts();
    CallFacts(const CallFacts&) = delete;
    CallFacts& operator=(const CallFacts&) = delete;

    CallEvidence evidence(const TaskSyscall& call, const StackTop& stack);
    // What was told when a thread was last seen in a call with the same stack pointer, instruction
    // pointer and arguments: a later look at who sleeps need not read the stack again.
    bool recall(const TaskSyscall& call, StackTop* stack, CallEvidence* evidence) const;

    // "stdout": which of libc's three standard streams has its lock there; "" none.
    std::string_view stream_of_lock(std::uint64_t lock);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CALL_EVIDENCE_HPP
