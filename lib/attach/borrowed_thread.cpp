#include "attach/borrowed_thread.hpp"

#include "arch/machine.hpp"
#include "attach/filter.hpp"
#include "attach/go_stacks.hpp"
#include "attach/signal_frame.hpp"
#include "attach/write_memory.hpp"
#include "observe/stop_effects.hpp"

#include <elf.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

// Of this program, by the linker.
extern "C" const char __executable_start[];  // NOLINT(bugprone-reserved-identifier)
extern "C" const char etext[];

namespace threadfault::attach {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kEventShift = 16;
constexpr int kLooksWithoutPause = 150;
constexpr auto kWorthWaitingFor = 100us;
constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

// PTRACE_O_SUSPEND_SECCOMP and PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h, which can't be included
// beside sys/ptrace.h.
constexpr unsigned long kSuspendSeccomp = 1UL << 21;
constexpr int kGetFilter = 0x420c;

bool& filters_are_suspended() {
    static bool suspended = false;
    return suspended;
}

struct LateThread {
    const observe::Process* process;
    pid_t tid;
    std::optional<observe::TaskSyscall> before;
};

std::vector<LateThread>& late_threads() {
    static std::vector<LateThread> threads;
    return threads;
}

// While a thread stands still for us, nobody else is to have our CPU: where that is permitted
// (root). The nice value is kept.
void be_first(bool wanted) {
    static bool permitted = true;
    if (!permitted) return;
    const sched_param priority{.sched_priority = wanted ? 1 : 0};
    // Without the flag, nobody but root gets back (RLIMIT_RTPRIO lets others begin).
    const int policy = (wanted ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK;
    permitted = sched_setscheduler(0, policy, &priority) == 0;
}

template <typename... Arguments>
long trace(int request, pid_t tid, Arguments... arguments) {
    return ptrace(static_cast<__ptrace_request>(request), tid, arguments...);
}

arch::Traced resumption_of(const observe::Process& process, pid_t tid, const arch::Traced& found,
                           const std::optional<observe::TaskSyscall>& before, std::uint64_t mask) {
    const observe::InterruptedCall call = observe::interrupted_call(found, before);
    arch::Traced registers = found;
    arch::forget_call(registers);
    if (!call) return registers;
    if (call.how == observe::InterruptedCall::How::returned) {
        if (!observe::may_rewind(call.number)) return registers;
        const auto status = process.status(tid);
        const bool signalled = !status || ((status->pending | status->shared_pending) & ~mask) != 0;
        if (signalled) return registers;
    }
    return observe::again(found, call, before);
}

bool is_eintr(const arch::Traced& registers) {
    return arch::result(registers) == -EINTR;
}

}  // namespace

BorrowedThread::BorrowedThread(const observe::Process& process, pid_t tid,
                               std::chrono::milliseconds within, For what)
    : process_(process),
      memory_(process.pid()),
      tid_(tid),
      before_(what == For::release ? std::nullopt : observe::look_before_stop(process, tid)) {
    // One that has yet to come to a stop of ours: it can't be traced a second time.
    release_late();
    const auto& late = late_threads();
    if (std::any_of(late.begin(), late.end(), [tid](const auto& one) { return one.tid == tid; })) {
        error_ = ETIMEDOUT;
        return;
    }
    const unsigned long options = static_cast<unsigned long>(PTRACE_O_TRACESYSGOOD) |
                                  (filters_are_suspended() ? kSuspendSeccomp : 0);
    be_first(true);
    const auto stat = what == For::calls ? process.stat(tid) : std::nullopt;
    elsewhere_ = stat && stat->processor >= 0 && stat->processor != sched_getcpu();
    if (trace(PTRACE_SEIZE, tid, nullptr, options) != 0 ||
        trace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0) {
        error_ = errno == ESRCH ? ESRCH : EPERM;
        return;
    }
    stopped_ = wait_for_stop(Clock::now() + within);
    if (!stopped_) return;
    iovec part{&found_, sizeof found_};
    if (trace(PTRACE_GETREGSET, tid_, NT_PRSTATUS, &part) != 0 ||
        trace(PTRACE_GETSIGMASK, tid_, sizeof mask_, &mask_) != 0) {
        error_ = ESRCH;
        stopped_ = false;
        return;
    }
    part = {&thread_pointer_, sizeof thread_pointer_};
    if (!arch::read_thread_pointer(found_, &thread_pointer_)) {
        trace(PTRACE_GETREGSET, tid_, arch::kThreadPointer, &part);
    }
    leave_critical_section();
}

void BorrowedThread::rehearse() {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(__executable_start) / page * page;
    constexpr int kPopulateRead = 22;  // MADV_POPULATE_READ, Linux 5.14
    madvise(reinterpret_cast<void*>(begin), reinterpret_cast<std::uintptr_t>(etext) - begin,
            kPopulateRead);
    // It asks the processor about itself, of which a virtual machine makes a long story.
    const std::vector<unsigned char> state(kLargestState);
    make_signal_frame(arch::Traced{}, 0, 0, state, 8 * kLargestState);
}

void BorrowedThread::suspend_filters() {
    filters_are_suspended() = true;
}

bool BorrowedThread::may_call(long number, std::uint64_t instruction_pointer,
                              const std::array<std::uint64_t, 4>& arguments) const {
    if (!filters_are_suspended()) return true;
    const auto status = process_.status(tid_);
    if (!status) return false;
    if (status->seccomp == 0) return true;
    constexpr int kStrict = 1;
    if (status->seccomp == kStrict) return number == SYS_exit;
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = arch::kAuditArch;
    call.instruction_pointer = instruction_pointer;
    std::copy(arguments.begin(), arguments.end(), call.args);
    for (long filter = 0;; ++filter) {
        const long length = trace(kGetFilter, tid_, filter, nullptr);
        if (length < 0 && errno == ENOENT) return filter > 0;  // that was the last
        if (length <= 0) return false;
        std::vector<sock_filter> program(static_cast<std::size_t>(length));
        if (trace(kGetFilter, tid_, filter, program.data()) != length) return false;
        if (!filter_allows(program, call)) return false;
    }
}

BorrowedThread::~BorrowedThread() {
    let_go();
    be_first(false);
}

void BorrowedThread::let_go() {
    if (!stopped_) return;
    const arch::Traced registers = resumption();
    const bool same =
        arch::ip(registers) == arch::ip(found_) && arch::result(registers) == arch::result(found_);
    if (changed_) {
        send_off(registers, mask_, true);
    } else if (is_eintr(found_) && !same) {
        send_off(registers, mask_);
    } else {
        // The kernel itself restarts all other calls.
        trace(PTRACE_DETACH, tid_, nullptr, nullptr);
    }
}

// To be woken takes longer than what is waited for, and the thread stands still meanwhile: unless
// it needs the CPU that we are on.
pid_t BorrowedThread::wait_actively(int* status) const {
    const auto until = Clock::now() + (elsewhere_ ? kWorthWaitingFor : 0us);
    for (;;) {
        const pid_t got = waitpid(tid_, status, __WALL | WNOHANG);
        if (got != 0 || Clock::now() >= until) return got;
    }
}

bool BorrowedThread::wait_for_stop(Clock::time_point deadline) {
    for (int look = 0;; ++look) {
        int status = 0;
        const pid_t got =
            look == 0 ? wait_actively(&status) : waitpid(tid_, &status, __WALL | WNOHANG);
        if (got == tid_) {
            if (!WIFSTOPPED(status)) {
                error_ = ESRCH;
                return false;
            }
            if (status >> kEventShift == PTRACE_EVENT_STOP) {
                if (WSTOPSIG(status) == SIGTRAP) return true;
                trace(PTRACE_DETACH, tid_, nullptr, nullptr);  // stays stopped with the others
                error_ = EBUSY;
                return false;
            }
            trace(PTRACE_CONT, tid_, nullptr, static_cast<long>(WSTOPSIG(status)));
            continue;
        }
        if (got < 0 && errno != EINTR) {
            error_ = ESRCH;
            return false;
        }
        if (Clock::now() >= deadline) {
            error_ = ETIMEDOUT;
            late_threads().push_back({&process_, tid_, before_});
            return false;
        }
        if (look > kLooksWithoutPause) std::this_thread::sleep_for(50us);
    }
}

bool BorrowedThread::release_late() {
    std::erase_if(late_threads(), [](const LateThread& late) {
        int status = 0;
        const pid_t got = waitpid(late.tid, &status, __WALL | WNOHANG);
        if (got == 0) return false;
        if (got != late.tid || !WIFSTOPPED(status)) return true;
        if (status >> kEventShift != PTRACE_EVENT_STOP) {
            trace(PTRACE_CONT, late.tid, nullptr, static_cast<long>(WSTOPSIG(status)));
            return false;
        }
        arch::Traced found{};
        std::uint64_t mask = 0;
        iovec part{&found, sizeof found};
        const bool known = trace(PTRACE_GETREGSET, late.tid, NT_PRSTATUS, &part) == 0 &&
                           trace(PTRACE_GETSIGMASK, late.tid, sizeof mask, &mask) == 0;
        if (known && is_eintr(found) && WSTOPSIG(status) == SIGTRAP) {
            arch::Traced again = resumption_of(*late.process, late.tid, found, late.before, mask);
            part = {&again, sizeof again};
            if (arch::ip(again) != arch::ip(found))
                trace(PTRACE_SETREGSET, late.tid, NT_PRSTATUS, &part);
        }
        trace(PTRACE_DETACH, late.tid, nullptr, nullptr);
        return true;
    });
    return !late_threads().empty();
}

// The kernel aborts a restartable sequence (rseq(2)) by where the thread is when it goes on: with
// the instruction pointer elsewhere meanwhile, the abort would be lost. It is done here instead.
void BorrowedThread::leave_critical_section() {
    // struct ptrace_rseq_configuration, Linux 5.13; not in every libc's headers.
    constexpr int kGetConfiguration = 0x420f;
    struct {
        std::uint64_t pointer;
        std::uint32_t size, signature, flags, padding;
    } configuration{};
    if (trace(kGetConfiguration, tid_, sizeof configuration, &configuration) !=
            static_cast<long>(sizeof configuration) ||
        configuration.pointer == 0) {
        return;
    }
    struct Section {
        std::uint32_t version, flags;
        std::uint64_t start, length, abort;
    };
    constexpr std::uint64_t kSectionField = 8;  // struct rseq, linux/rseq.h
    const std::uint64_t field = configuration.pointer + kSectionField;
    const auto section = memory_.read<std::uint64_t>(field);
    if (!section || *section == 0) return;
    const auto sequence = memory_.read<Section>(*section);
    if (!sequence || arch::ip(found_) - sequence->start >= sequence->length) return;
    arch::ip(found_) = sequence->abort;
    changed_ = true;
    const std::uint64_t none = 0;
    write_memory(process_.pid(), field, &none, sizeof none);
}

bool BorrowedThread::in_interruptible_call() const noexcept {
    return static_cast<bool>(interrupted());
}

observe::InterruptedCall BorrowedThread::interrupted() const noexcept {
    return observe::interrupted_call(found_, before_);
}

arch::Traced BorrowedThread::resumption() const {
    return resumption_of(process_, tid_, found_, before_, mask_);
}

bool BorrowedThread::set(const arch::Traced& registers) {
    arch::Traced copy = registers;
    iovec part{&copy, sizeof copy};
    return trace(PTRACE_SETREGSET, tid_, NT_PRSTATUS, &part) == 0;
}

void BorrowedThread::set_mask(std::uint64_t mask) {
    trace(PTRACE_SETSIGMASK, tid_, sizeof mask, &mask);
}

bool BorrowedThread::send_off(const arch::Traced& registers, std::uint64_t mask, bool mask_first) {
    if (mask_first) set_mask(mask);
    const bool sent = set(registers);
    if (!mask_first) set_mask(sent ? mask : mask_);
    trace(PTRACE_DETACH, tid_, nullptr, nullptr);
    stopped_ = false;
    return sent;
}

// Vector registers of a kind that a frame has no room for, with something in them.
bool BorrowedThread::in_use(int kind) const {
    // struct user_sve_header.
    struct {
        std::uint32_t size, largest;
        std::uint16_t length, longest, flags, reserved;
    } header{};
    constexpr std::uint16_t kInRegisters = 1;  // SVE_PT_REGS_SVE
    iovec part{&header, sizeof header};
    return trace(PTRACE_GETREGSET, tid_, kind, &part) == 0 && (header.flags & kInRegisters) != 0;
}

std::uint64_t BorrowedThread::push_frame(const arch::Traced& interrupted, std::uint64_t restorer,
                                         std::uint64_t room, std::uint64_t top) {
    std::vector<unsigned char> state(kLargestState);
    iovec part{state.data(), state.size()};
    if (arch::kStateLeftOut != 0 && in_use(arch::kStateLeftOut)) return 0;
    if (trace(PTRACE_GETREGSET, tid_, arch::kVectorState, &part) != 0) return 0;
    state.resize(part.iov_len);
    const SignalFrame frame = make_signal_frame(interrupted, mask_, restorer, state, top);
    char probe = 0;
    if (!memory_.read(frame.address - room, &probe, 1)) return 0;
    if (!write_memory(process_.pid(), frame.address, frame.bytes.data(), frame.bytes.size()))
        return 0;
    return frame.address;
}

bool BorrowedThread::prepare_calls(const Gadgets& gadgets) {
    const bool chained = gadgets.restorer == 0;
    if (gadgets.syscall == 0 || (chained && gadgets.pop_rax == 0)) return false;
    gadget_ = gadgets.syscall;
    restorer_ = gadgets.restorer;
    const arch::Traced again = resumption();
    const std::uint64_t top = is_on_go_stack(arch::sp(again)) ? unused_stack(process_) : 0;
    if (top == 0 && is_on_go_stack(arch::sp(again))) return false;
    frame_ = push_frame(again, chained ? gadgets.syscall : gadgets.restorer, 0, top);
    if (frame_ == 0 || !chained) return frame_ != 0;
    // The call's `ret` leads to `pop %rax; ret`, that to the system call, and it to the frame.
    const std::uint64_t chain[] = {gadgets.pop_rax, SYS_rt_sigreturn};
    frame_ -= sizeof chain;
    return write_memory(process_.pid(), frame_, chain, sizeof chain);
}

long BorrowedThread::call(long number, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                          std::uint64_t d, std::uint64_t e, std::uint64_t f) {
    arch::Traced registers = found_;
    arch::ip(registers) = gadget_;
    arch::sp(registers) = frame_;
    arch::forget_call(registers);
    arch::set_call(registers, number, {a, b, c, d, e, f});
    arch::return_to(registers, restorer_);
    const bool first = !changed_;
    changed_ = true;
    if (!set(registers)) return -ESRCH;
    if (first) set_mask(kAllSignals);
    for (int stops = 0; stops < 2;) {
        if (trace(PTRACE_SYSCALL, tid_, nullptr, nullptr) != 0) return -ESRCH;
        int status = 0;
        pid_t got = wait_actively(&status);
        while (got == 0 || (got < 0 && errno == EINTR))
            got = waitpid(tid_, &status, __WALL);
        if (got != tid_ || !WIFSTOPPED(status)) {
            stopped_ = false;
            return -ESRCH;
        }
        if (WSTOPSIG(status) == kSyscallStop) ++stops;
        // A stop of the whole process comes in between and is gone through again afterwards; a
        // signal is what a filter punishes the call with.
        else if (status >> kEventShift != PTRACE_EVENT_STOP)
            return -EPROTO;
    }
    iovec part{&registers, sizeof registers};
    if (trace(PTRACE_GETREGSET, tid_, NT_PRSTATUS, &part) != 0) return -ESRCH;
    return arch::result(registers);
}

}  // namespace threadfault::attach
