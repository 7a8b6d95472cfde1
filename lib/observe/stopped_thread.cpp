#include "observe/stopped_thread.hpp"

#include "observe/interrupted_call.hpp"
#include "observe/stop_effects.hpp"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>

namespace threadfault::observe {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kEventShift = 16;         // of the event in a status of wait(2), ptrace(2)
constexpr int kLooksWithoutPause = 50;  // a stop takes some ten microseconds

bool read_registers(pid_t tid, arch::Traced* registers) {
    iovec part{registers, sizeof *registers};
    return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &part) == 0;
}

}  // namespace

StoppedThread::StoppedThread(const Process& process, pid_t tid, std::chrono::milliseconds within)
    : process_(process), tid_(tid), before_(look_before_stop(process, tid)), begin_(Clock::now()) {
    if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0 ||
        ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0) {
        error_ = errno == ESRCH ? ESRCH : EPERM;
        return;
    }
    stopped_ = wait_for_stop(begin_ + within);
    if (!stopped_) return;
    if (read_registers(tid, &registers_)) return;
    error_ = ESRCH;
    let_go();
}

bool StoppedThread::wait_for_stop(Clock::time_point deadline) {
    for (int look = 0;; ++look) {
        int status = 0;
        const pid_t got = waitpid(tid_, &status, __WALL | WNOHANG);
        if (got == tid_) {
            if (!WIFSTOPPED(status)) {
                error_ = ESRCH;
                return false;
            }
            if (status >> kEventShift == PTRACE_EVENT_STOP) {
                group_stop_ = WSTOPSIG(status) != SIGTRAP;
                return true;
            }
            // A signal was on its way: it is passed on, and our stop comes next.
            ptrace(PTRACE_CONT, tid_, nullptr, WSTOPSIG(status));
            continue;
        }
        if (got < 0 && errno != EINTR) {
            error_ = ESRCH;
            return false;
        }
        if (Clock::now() >= deadline) {
            error_ = ETIMEDOUT;
            return false;
        }
        if (look > kLooksWithoutPause) std::this_thread::sleep_for(50us);
    }
}

// Some calls return EINTR whenever their thread is stopped. Without a signal to be delivered the
// thread is taken back to the instruction that makes the call, as the kernel does it for others.
void StoppedThread::hide_interruption() {
    const InterruptedCall call = interrupted_call(registers_, before_);
    if (call.how != InterruptedCall::How::returned || !may_rewind(call.number)) return;
    const auto status = process_.status(tid_);
    if (!status || ((status->pending | status->shared_pending) & ~status->blocked) != 0) return;
    arch::Traced registers = again(registers_, call, before_);
    iovec part{&registers, sizeof registers};
    ptrace(PTRACE_SETREGSET, tid_, NT_PRSTATUS, &part);
}

void StoppedThread::let_go() {
    if (!stopped_) return;
    stopped_ = false;
    if (!group_stop_) hide_interruption();
    ptrace(PTRACE_DETACH, tid_, nullptr, nullptr);
    stood_ = Clock::now() - begin_;
}

}  // namespace threadfault::observe
