#include "execute/core.hpp"

#include "execute/identity.hpp"
#include "execute/sanitizer.hpp"
#include "execute/slots.hpp"
#include "execute/syscalls.hpp"

#include <cstring>

namespace threadfault::execute {

namespace {

Phase to_phase(std::uint32_t phase) noexcept {
    switch (phase) {
        case kPosted:
            return Phase::posted;
        case kRunning:
            return Phase::running;
        case kDone:
            return Phase::done;
        default:
            return Phase::stale;
    }
}

Post to_post(long error) noexcept {
    switch (error) {
        case -ESRCH:
        case -EINVAL:
            return Post::no_thread;  // EINVAL: a tid that is not positive
        case -EAGAIN:
            return Post::queue_full;
        default:
            return Post::no_signal;  // a seccomp filter's refusal
    }
}

long send_signal(pid_t pid, pid_t tid, int signal_number, Ticket ticket) noexcept {
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_signo = signal_number;
    info.si_code = SI_QUEUE;
    info.si_pid = pid;
    info.si_value.sival_ptr = to_sigval(ticket);
    return sys_rt_tgsigqueueinfo(pid, tid, signal_number, &info);
}

Post queue_request(pid_t pid, pid_t tid, const Request& request, Ticket* ticket) noexcept {
    const int signal_number = signal_in_use();
    if (signal_number == 0) return Post::no_signal;
    remember_pid(pid);
    Ticket taken;
    if (!take_slot(&taken) && (sweep_unattended(pid) == 0 || !take_slot(&taken))) {
        return Post::no_slot;
    }
    *ticket = taken;
    Slot& slot = slots[taken.slot];
    slot.tid.store(tid, std::memory_order_relaxed);
    slot.request = request;
    slot.word.store(make_word(taken.generation, kPosted), std::memory_order_release);

    const long sent = send_signal(pid, tid, signal_number, taken);
    // Not sent, yet claimed, is possible only for a guessed cookie; then it runs all the same.
    if (sent != 0 && revoke(taken)) return to_post(sent);
    return Post::posted;
}

}  // namespace

long poke(pid_t pid, pid_t tid, int signal_number) noexcept {
    remember_pid(pid);
    return send_signal(pid, tid, signal_number, Ticket{});
}

#ifdef __SANITIZE_THREAD__
void send_again(Ticket ticket) noexcept {
    if (look(ticket) != Phase::posted) return;
    const pid_t tid = slots[ticket.slot].tid.load(std::memory_order_relaxed);
    send_signal(sys_getpid(), tid, signal_in_use(), ticket);
}
#endif

Post post(pid_t pid, pid_t tid, Function function, void* argument, Ticket* ticket) noexcept {
    return queue_request(pid, tid, {.function = function, .argument = argument}, ticket);
}

Post post_brief(pid_t pid, pid_t tid, Function function, void* argument, Ticket* ticket) noexcept {
    return queue_request(pid, tid, {.function = function, .argument = argument, .brief = true},
                         ticket);
}

Post post_plain(pid_t pid, pid_t tid, PlainFunction function, void* argument,
                Ticket* ticket) noexcept {
    return queue_request(pid, tid, {.plain = function, .argument = argument}, ticket);
}

Phase look(Ticket ticket) noexcept {
    const Slot* const slot = slot_of(ticket);
    if (slot == nullptr) return Phase::stale;
    const std::uint32_t word = slot->word.load(std::memory_order_acquire);
    const bool ours = generation_of(word) == ticket.generation && (word & kUnattended) == 0;
    return ours ? to_phase(phase_of(word)) : Phase::stale;
}

bool revoke(Ticket ticket) noexcept {
    return free_slot(ticket, kPosted);
}

void release(Ticket ticket) noexcept {
    free_slot(ticket, kDone);
}

void abandon(Ticket ticket) noexcept {
    free_slot(ticket, kRunning);
}

bool leave(Ticket ticket) noexcept {
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr) return false;
    std::uint32_t word = slot->word.load(std::memory_order_relaxed);
    do {
        if (generation_of(word) != ticket.generation || phase_of(word) != kRunning) return false;
    } while (!slot->word.compare_exchange_weak(word, word | kUnattended, std::memory_order_acq_rel,
                                               std::memory_order_relaxed));
    return true;
}

}  // namespace threadfault::execute
