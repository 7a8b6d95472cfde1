#include "diagnose/capture.hpp"
#include "observe/memory.hpp"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// More than most stacks have; the rest is read when the thread runs on.
constexpr std::size_t kStack = 32 * 1024;
constexpr std::chrono::milliseconds kStopsWithin = 100ms;

Registers in_dwarf_order(const user_regs_struct& from) {
    return {from.rax, from.rdx, from.rcx, from.rbx, from.rsi, from.rdi, from.rbp, from.rsp, from.r8,
            from.r9,  from.r10, from.r11, from.r12, from.r13, from.r14, from.r15, from.rip};
}

// PTRACE_INTERRUPT stops a thread at once unless it is in an uninterruptible wait.
bool wait_for_stop(pid_t tid) {
    const Clock::time_point deadline = Clock::now() + kStopsWithin;
    for (int look = 0;; ++look) {
        int status = 0;
        const pid_t got = waitpid(tid, &status, __WALL | WNOHANG);
        if (got == tid) return WIFSTOPPED(status);
        if (got < 0 && errno != EINTR) return false;
        if (Clock::now() >= deadline) return false;
        if (look > 20) std::this_thread::sleep_for(100us);
    }
}

}  // namespace

Snapshot capture_by_ptrace(const observe::Process& process, pid_t tid) {
    Snapshot snapshot;
    const Clock::time_point begin = Clock::now();
    if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
        snapshot.why = errno == ESRCH ? kHasEnded
                                      : std::string("ptrace: ") + std::strerror(errno) +
                                            " (is a debugger attached?)";
        return snapshot;
    }
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
    if (!wait_for_stop(tid)) {
        // It can't be detached while it does not stop; the tracing ends with this process.
        snapshot.why = why_silent(process.stat(tid), kStopsWithin);
        return snapshot;
    }
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, tid, nullptr, &registers) == 0) {
        snapshot.registers = in_dwarf_order(registers);
        snapshot.stack.resize(kStack);
        snapshot.stack.resize(observe::Memory(process.living_tid())
                                  .read_some(registers.rsp, snapshot.stack.data(), kStack));
        snapshot.via = Via::ptrace;
    }
    ptrace(PTRACE_DETACH, tid, nullptr, nullptr);
    snapshot.held_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return snapshot;
}

}  // namespace threadfault::diagnose
