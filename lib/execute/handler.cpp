// The signal handler. Async-signal-safe because it does nothing but atomic operations on static
// memory and raw system calls; errno is put back for the interrupted code.
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

// running -> done, or -> free when nobody attends. An exchange and not a store: a child that the
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
    // wakes up for nothing, and looks again. Slots are never unmapped.
    if ((word & kSleeper) != 0) sys_futex_wake(&slot.word);
}

}  // namespace

// Not noexcept: pthread_exit and pthread_cancel unwind through this frame.
void on_signal(int, siginfo_t* info, void* context) {
    const ErrnoKeeper errno_keeper;
    const HandlerScope scope;
    Ticket ticket;
    if (info == nullptr || !from_signal(*info, &ticket)) return;
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr || !claim(*slot, ticket.generation)) return;
    if (slot->function != nullptr) {
        slot->function(slot->argument, context);
    } else {
        slot->plain(slot->argument);
    }
    publish_end(*slot, ticket);
}

}  // namespace threadfault::execute
