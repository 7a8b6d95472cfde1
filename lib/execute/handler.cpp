// The signal handler. Async-signal-safe because it does nothing but atomic operations on static
// memory and raw system calls; errno is put back for the interrupted code.
#include "execute/alternate_stack.hpp"
#include "execute/handler_scope.hpp"
#include "execute/identity.hpp"
#include "execute/slots.hpp"
#include "execute/syscalls.hpp"

#include <errno.h>

namespace threadfault::execute {

namespace {

class ErrnoKeeper {
public:
    ErrnoKeeper() noexcept : kept_(errno) {}
    ~ErrnoKeeper() { errno = kept_; }
    ErrnoKeeper(const ErrnoKeeper&) = delete;
    ErrnoKeeper& operator=(const ErrnoKeeper&) = delete;

private:
    int kept_;
};

// How many requests may run on one thread, each interrupting the one before; the next ones run when
// those return. Each takes a signal frame (3.5 KiB with AVX-512) of a stack that may be small.
constexpr int kDeepest = 8;

// Initial-exec: a dynamic TLS model may allocate at the first touch.
[[gnu::tls_model("initial-exec")]] constinit thread_local int depth = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local bool ending = false;

// The kernel blocks our signal while the handler runs, so that signals in a queue (stale ones,
// after the thread was stopped for a while) come one after the other and not one upon the other.
// The function runs with the signal let in again: it may wait for another thread that wants
// something of this one, and a thread that is held in it for good must stay reachable.
// A brief one does neither, and is not interrupted; nor is one on an alternate stack that the next
// would overrun.
class LetIn {
public:
    LetIn(bool brief, const void* context) noexcept {
        if (++depth <= kDeepest && !brief && has_room_for_another(context)) change(SIG_UNBLOCK);
    }
    ~LetIn() { --depth; }
    LetIn(const LetIn&) = delete;
    LetIn& operator=(const LetIn&) = delete;

    static void change(int how) noexcept {
        const std::uint64_t mask = 1ULL << (signal_in_use() - 1);
        sys_call(SYS_rt_sigprocmask, how, &mask, nullptr, sizeof mask);
    }
};

// From the moment of publication the requester may send the next request, which would interrupt
// this handler before it returns, the one after that the next handler, and so on until the stack is
// used up (a requester of higher priority on the same CPU wins that race every time). Therefore a
// handler that has interrupted an ending one shuts the signal out before it publishes; the return
// from the handler lets it in again. The usual case costs nothing.
class Ending {
public:
    Ending() noexcept : outer_(ending) {
        if (outer_) LetIn::change(SIG_BLOCK);
        ending = true;
    }
    ~Ending() { ending = outer_; }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

private:
    bool outer_;
};

// posted -> running, by the one exchange that a revoking requester competes for. The sleeper's bit
// is carried along: it is looked at when the function is through.
bool claim(Slot& slot, std::uint32_t generation) noexcept {
    std::uint32_t word = slot.word.load(std::memory_order_acquire);
    do {
        if (generation_of(word) != generation || phase_of(word) != kPosted) return false;
        // Read before the claim: if the slot changes hands meanwhile, the exchange fails.
        if (slot.tid.load(std::memory_order_relaxed) != sys_gettid()) return false;
    } while (!slot.word.compare_exchange_weak(word, (word & ~kPhaseMask) | kRunning,
                                              std::memory_order_acq_rel,
                                              std::memory_order_acquire));
    return true;
}

// running -> done, or -> free if no caller waits. An exchange and not a store: a child that the
// function forked may have reset the pool since.
void publish_end(Slot& slot, Ticket ticket) noexcept {
    std::uint32_t word = slot.word.load(std::memory_order_relaxed);
    std::uint32_t next = 0;
    do {
        if (generation_of(word) != ticket.generation || phase_of(word) != kRunning) return;
        next = make_word(ticket.generation, (word & kUnattended) != 0 ? kFree : kDone);
    } while (!slot.word.compare_exchange_weak(word, next, std::memory_order_acq_rel,
                                              std::memory_order_relaxed));
    if (phase_of(next) == kFree) give_slot(ticket.slot);
    // The requester may have gone on and the slot may have a new user by now: then its sleeper
    // wakes up spuriously and checks again. Slots are never unmapped.
    if ((word & kSleeper) != 0) sys_futex_wake(&slot.word);
}

}  // namespace

void let_nothing_in() noexcept {
    LetIn::change(SIG_BLOCK);
}

void let_in_again() noexcept {
    LetIn::change(SIG_UNBLOCK);
}

// Not noexcept: pthread_exit and pthread_cancel unwind through this frame.
void on_signal(int signal_number, siginfo_t* info, void* context) {
    const ErrnoKeeper errno_keeper;
    const HandlerScope scope;
    Ticket ticket;
    if (info == nullptr) return;
    if (!from_signal(*info, &ticket)) {
        if (const Stranger other = stranger(); other != nullptr)
            other(signal_number, info, context);
        return;
    }
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr || !claim(*slot, ticket.generation)) return;
    const Request& request = slot->request;
    const LetIn let_in(request.brief, context);
    if (request.function != nullptr) {
        request.function(request.argument, context);
    } else {
        request.plain(request.argument);
    }
    const Ending ending_scope;
    publish_end(*slot, ticket);
}

}  // namespace threadfault::execute
