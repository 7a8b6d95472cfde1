// One thread of another process, stopped by ptrace(2) for some ten microseconds so that it can be
// made to do something, or sent somewhere else. No text is changed, no other thread stops.
#ifndef THREADFAULT_ATTACH_BORROWED_THREAD_HPP
#define THREADFAULT_ATTACH_BORROWED_THREAD_HPP

#include "arch/traced.hpp"
#include "observe/interrupted_call.hpp"
#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace threadfault::attach {

// Code of the process's own that an injected system call needs.
struct Gadgets {
    std::uint64_t syscall = 0;   // arch::kSyscallReturn
    std::uint64_t restorer = 0;  // arch::kTrampoline
    std::uint64_t pop_rax = 0;   // arch::kPopNumber: where there is no restorer (musl, static)
};

inline constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};
// libc's own for setuid(2) and its like: whoever blocks it makes those hang.
inline constexpr std::uint64_t kAllButSetxid = ~(std::uint64_t{1} << 32);

class BorrowedThread {
public:
    // A seccomp filter does not hold for threads that are borrowed from now on, for as long as they
    // are: needs CAP_SYS_ADMIN, and no filter on ourselves (PTRACE_O_SUSPEND_SECCOMP).
    static void suspend_filters();

    // Does beforehand what takes long only the first time, so that no thread stands still for it.
    static void rehearse();

    enum class For : unsigned char {
        a_moment,
        calls,    // to be made by it
        release,  // it stands aside, in no call of its own
    };
    // Not for one that is in state D, T or t: look beforehand.
    BorrowedThread(const observe::Process& process, pid_t tid, std::chrono::milliseconds within,
                   For what = For::a_moment);
    // Lets it go on as it was.
    ~BorrowedThread();
    BorrowedThread(const BorrowedThread&) = delete;
    BorrowedThread& operator=(const BorrowedThread&) = delete;

    explicit operator bool() const noexcept { return stopped_; }
    int error() const noexcept { return error_; }  // ESRCH, EPERM, ETIMEDOUT, EBUSY (stopped)

    // As found, but out of a restartable sequence.
    const arch::Traced& registers() const noexcept { return found_; }
    std::uint64_t mask() const noexcept { return mask_; }
    // The address in the register that a thread's own variables are found by.
    std::uint64_t thread_pointer() const noexcept { return thread_pointer_; }
    // Of what it is to go on with so that no call returns early: the system call again, if it was
    // interrupted in one.
    arch::Traced resumption() const;
    // Was it in a system call that can return EINTR?
    bool in_interruptible_call() const noexcept;
    observe::InterruptedCall interrupted() const noexcept;

    // Lets it go with these, in one step from which there is no way back. The registers come before
    // the mask, or behind it for `mask_first`: whoever dies in between must leave a thread that can
    // go on.
    bool send_off(const arch::Traced& registers, std::uint64_t mask, bool mask_first = false);

    // Makes the thread execute a system call. For as long as it does, a frame on its stack has what
    // it was doing, and the way out of the call leads there: should this process die, it goes on.
    // False from prepare(): there is no room, or the process has no such code.
    bool prepare_calls(const Gadgets& gadgets);
    long call(long number, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
              std::uint64_t d = 0, std::uint64_t e = 0, std::uint64_t f = 0);

    // Would the thread's filters let it make that call itself, once it is let go? Where it has
    // none, and where they are not to be suspended: true.
    bool may_call(long number, std::uint64_t instruction_pointer,
                  const std::array<std::uint64_t, 4>& arguments) const;

    // Writes an interrupted context below its stack pointer, as the kernel does for a handler:
    // where the frame lies, 0 for want of room. `room`: that must be mapped below it. `top`: put
    // it below that instead.
    std::uint64_t push_frame(const arch::Traced& interrupted, std::uint64_t restorer,
                             std::uint64_t room, std::uint64_t top = 0);

    // Threads that came to no stop in time are let go when they do, as any other. True: some have
    // yet to; they stand still until this is called again.
    static bool release_late();

private:
    bool wait_for_stop(std::chrono::steady_clock::time_point deadline);
    void leave_critical_section();
    void let_go();
    // Of waitpid(2); 0: not in the time in which to wait for it beats sleeping.
    pid_t wait_actively(int* status) const;
    bool set(const arch::Traced& registers);
    bool in_use(int kind) const;
    void set_mask(std::uint64_t mask);

    const observe::Process& process_;
    const observe::Memory memory_;
    pid_t tid_;
    std::optional<observe::TaskSyscall> before_;
    bool stopped_ = false;
    bool changed_ = false;
    bool elsewhere_ = false;  // it runs on another CPU than this process
    int error_ = 0;
    arch::Traced found_{};
    std::uint64_t mask_ = 0;
    std::uint64_t frame_ = 0;
    std::uint64_t gadget_ = 0;
    std::uint64_t restorer_ = 0;
    std::uint64_t thread_pointer_ = 0;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_BORROWED_THREAD_HPP
