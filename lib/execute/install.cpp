#include "execute/core.hpp"
#include "execute/identity.hpp"
#include "execute/slots.hpp"
#include "execute/syscalls.hpp"

#include <cstring>

namespace threadfault::execute {

namespace {

constexpr unsigned kCookieShift = kSlotBits + kGenerationBits;
constexpr std::uint64_t kCookieUnset = UINT64_MAX;

constinit std::atomic<int> number_in_use{0};
constinit std::atomic<pid_t> sender_pid{0};
constinit std::atomic<std::uint64_t> cookie{kCookieUnset};
// What the kernel holds after install(): an interposer (ThreadSanitizer's, say) may have put a
// handler of its own in front of ours.
constinit std::atomic<void*> kernel_handler{nullptr};
constinit std::atomic<SigactionFunction> set_disposition{nullptr};
constinit std::atomic<Stranger> takes_strangers{nullptr};

std::uint64_t new_cookie() noexcept {
    std::uint64_t random = 0;
    if (sys_call(SYS_getrandom, &random, sizeof random, 0) != sizeof random) {
        // No getrandom (a seccomp filter): time and the address of our stack have to do.
        random = (static_cast<std::uint64_t>(monotonic_ns()) ^
                  static_cast<std::uint64_t>(sys_word(&random)) << 20) *
                 0x9e3779b97f4a7c15U;
    }
    return random >> kCookieShift;
}

void make_cookie_once() noexcept {
    std::uint64_t unset = kCookieUnset;
    if (cookie.load(std::memory_order_acquire) != unset) return;
    cookie.compare_exchange_strong(unset, new_cookie(), std::memory_order_acq_rel);
}

}  // namespace

void* to_sigval(Ticket ticket) noexcept {
    const std::uint64_t value =
        cookie.load(std::memory_order_relaxed) << kCookieShift |
        static_cast<std::uint64_t>(ticket.generation & kGenerationMask) << kSlotBits | ticket.slot;
    return reinterpret_cast<void*>(value);
}

bool from_signal(const siginfo_t& info, Ticket* ticket) noexcept {
    if (info.si_code != SI_QUEUE) return false;
    if (info.si_pid != sender_pid.load(std::memory_order_relaxed)) return false;
    const auto value = reinterpret_cast<std::uint64_t>(info.si_value.sival_ptr);
    if (value >> kCookieShift != cookie.load(std::memory_order_relaxed)) return false;
    ticket->slot = static_cast<std::uint32_t>(value & (kSlotCount - 1));
    ticket->generation = static_cast<std::uint32_t>(value >> kSlotBits) & kGenerationMask;
    return true;
}

bool is_ours(const siginfo_t& info) noexcept {
    Ticket ticket;
    return from_signal(info, &ticket);
}

Stranger stranger() noexcept {
    return takes_strangers.load(std::memory_order_relaxed);
}

void pass_strangers_to(Stranger stranger) noexcept {
    takes_strangers.store(stranger, std::memory_order_relaxed);
}

void remember_pid(pid_t pid) noexcept {
    // Nearly always the same: a load keeps the cache line shared.
    if (sender_pid.load(std::memory_order_relaxed) != pid) {
        sender_pid.store(pid, std::memory_order_relaxed);
    }
}

bool install(int signal_number, SigactionFunction sigaction_function) noexcept {
    make_cookie_once();
    remember_pid(sys_getpid());
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    // SA_ONSTACK: threads of Go and of small stacks need it. An empty mask: a parked handler must
    // stay reachable for the kernel's setuid() broadcast and for whatever else the program sends.
    // No SA_NODEFER: the handler itself says when a request may interrupt another.
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction_function(signal_number, &action, nullptr) != 0) return false;
    KernelSigaction now{};
    const long asked = sys_query_sigaction(signal_number, &now);
    if (asked != 0) {
        errno = static_cast<int>(-asked);
        return false;
    }
    set_disposition.store(sigaction_function, std::memory_order_relaxed);
    kernel_handler.store(now.handler, std::memory_order_relaxed);
    number_in_use.store(signal_number, std::memory_order_release);
    return true;
}

int signal_in_use() noexcept {
    return number_in_use.load(std::memory_order_acquire);
}

void forget_signal() noexcept {
    number_in_use.store(0, std::memory_order_release);
}

bool handler_in_place() noexcept {
    const int signal_number = signal_in_use();
    if (signal_number == 0) return false;
#ifdef __SANITIZE_THREAD__
    // ThreadSanitizer keeps one kernel handler for all and the program's in a table of its own.
    struct sigaction now;
    return set_disposition.load(std::memory_order_relaxed)(signal_number, nullptr, &now) == 0 &&
           now.sa_sigaction == on_signal;
#else
    KernelSigaction now{};
    return sys_query_sigaction(signal_number, &now) == 0 &&
           now.handler == kernel_handler.load(std::memory_order_relaxed);
#endif
}

namespace {

// fork() copies the handlers before it copies the memory, and other threads run on between the two.
// Where one of them installed ours just then, the child's memory says so and its kernel does not:
// the first request would end it.
void install_again_if_lost() noexcept {
    const int signal_number = signal_in_use();
    if (signal_number == 0) return;
    KernelSigaction now{};
    if (sys_query_sigaction(signal_number, &now) != 0) return;
    if (now.handler != reinterpret_cast<void*>(SIG_DFL)) return;
    install(signal_number, set_disposition.load(std::memory_order_relaxed));
}

}  // namespace

void reset_after_fork() noexcept {
    install_again_if_lost();
    reset_slots();
    cookie.store(new_cookie(), std::memory_order_relaxed);
    sender_pid.store(sys_getpid(), std::memory_order_relaxed);
}

}  // namespace threadfault::execute
