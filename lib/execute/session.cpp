#include "execute/session.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

namespace threadfault::execute {

namespace {

// Whoever gets here first writes down the number; everybody then installs the same one, which is
// harmless to do twice. So there is no moment at which one thread has to wait for another: a
// handler may interrupt the first request of its own thread with a request of its own.
constinit std::atomic<int> chosen_signal{0};

// A fork is noticed by a word in a page that the kernel empties in the child (MADV_WIPEONFORK).
// Unlike a comparison of process ids this costs no system call, and a vfork child, which shares
// our memory, does not take itself for a new process and wipe our requests out.
enum Mark : std::uint32_t { kWiped = 0, kInUse = 1 };  // else: the tid of who cleans up
constinit std::atomic<std::atomic<std::uint32_t>*> fork_mark{nullptr};
constinit std::atomic<pid_t> session_pid{0};

constexpr std::size_t kPageSize = 4096;

void mark_process() noexcept {
    session_pid.store(sys_getpid(), std::memory_order_relaxed);
    if (fork_mark.load(std::memory_order_acquire) != nullptr) return;
    const long mapped = sys_call(SYS_mmap, nullptr, kPageSize, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped < 0 && mapped > -4096) return;
    auto* const page = reinterpret_cast<std::atomic<std::uint32_t>*>(mapped);
    std::atomic<std::uint32_t>* none = nullptr;
    if (sys_call(SYS_madvise, page, kPageSize, MADV_WIPEONFORK) == 0) {
        page->store(kInUse, std::memory_order_relaxed);
        if (fork_mark.compare_exchange_strong(none, page, std::memory_order_acq_rel)) return;
    }
    sys_call(SYS_munmap, page, kPageSize);
}

void start_afresh() noexcept {
    reset_after_fork();
    session_pid.store(sys_getpid(), std::memory_order_relaxed);
}

// In a forked child: forgets the parent's requests before the first one of its own. False: not
// possible now, because this very thread was interrupted while doing so.
bool clean_up_after_fork(std::atomic<std::uint32_t>& mark) noexcept {
    const auto self = static_cast<std::uint32_t>(sys_gettid()) << 1;  // never kInUse
    std::uint32_t seen = kWiped;
    if (mark.compare_exchange_strong(seen, self, std::memory_order_acq_rel)) {
        start_afresh();
        mark.store(kInUse, std::memory_order_release);
        return true;
    }
    while (seen != kInUse) {
        if (seen == self) return false;
        sys_call(SYS_sched_yield);
        seen = mark.load(std::memory_order_acquire);
    }
    return true;
}

bool is_current() noexcept {
    std::atomic<std::uint32_t>* const mark = fork_mark.load(std::memory_order_acquire);
    if (mark != nullptr) {
        return mark->load(std::memory_order_acquire) == kInUse || clean_up_after_fork(*mark);
    }
    // The page could not be mapped: compare the ids.
    if (session_pid.load(std::memory_order_relaxed) != sys_getpid()) start_afresh();
    return true;
}

bool is_taken(int signal_number) noexcept {
    KernelSigaction now{};
    return sys_query_sigaction(signal_number, &now) != 0 ||
           now.handler != reinterpret_cast<void*>(SIG_DFL);
}

bool choose_once(int wished) noexcept {
    int none = 0;
    return chosen_signal.compare_exchange_strong(none, wished, std::memory_order_acq_rel);
}

}  // namespace

pid_t open_session() noexcept {
    if (signal_in_use() == 0) {
        if (chosen_signal.load(std::memory_order_acquire) == 0) {
            const int candidate = choose_signal(0);
            if (candidate == 0) return 0;
            choose_once(candidate);
        }
        mark_process();
        if (!install(chosen_signal.load(std::memory_order_acquire), ::sigaction)) return 0;
    }
    return is_current() ? session_pid.load(std::memory_order_relaxed) : 0;
}

bool tid_of(pthread_t thread, pid_t* tid) noexcept {
    // A thread's CPU clock id is the complement of its tid above three bits of clock type, as the
    // kernel defines it (include/linux/posix-timers_types.h). pthread_getcpuclockid(3) reads
    // nothing but the thread's descriptor, needs no knowledge of its layout, and is there in static
    // programs, which libthread_db's symbols are not.
    constexpr clockid_t kTypeMask = 7;
    constexpr clockid_t kPerThreadSchedClock = 6;
    clockid_t clock = 0;
    if (pthread_getcpuclockid(thread, &clock) != 0) return false;
    if ((clock & kTypeMask) != kPerThreadSchedClock) return false;
    *tid = static_cast<pid_t>(~(clock >> 3));
    return *tid > 0;
}

int choose_session_signal(int signal_number) noexcept {
    if (chosen_signal.load(std::memory_order_acquire) != 0) return EALREADY;
    if (signal_number == 0) {
        signal_number = choose_signal(0);
        if (signal_number == 0) return EBUSY;
    } else if (signal_number < SIGRTMIN || signal_number > SIGRTMAX) {
        return EINVAL;
    } else if (is_taken(signal_number)) {
        return EBUSY;
    }
    if (!choose_once(signal_number)) return EALREADY;
    return open_session() != 0 ? 0 : EINVAL;
}

}  // namespace threadfault::execute
