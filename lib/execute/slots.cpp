#include "execute/slots.hpp"

#include "execute/syscalls.hpp"

namespace threadfault::execute {

constinit Slot slots[kSlotCount];

namespace {

// Low half: index + 1 of the first free slot. High half: a count of changes, so that a thread
// that was interrupted between reading a slot's successor and the exchange can't install an old
// successor (ABA). Lock-free: a handler that interrupts the loop below only makes it turn again.
constinit std::atomic<std::uint64_t> free_list{0};
constinit std::atomic<std::uint32_t> ever_used{0};

std::uint64_t next_head(std::uint64_t head, std::uint32_t link) noexcept {
    return ((head >> 32) + 1) << 32 | link;
}

bool pop_free(std::uint32_t* index) noexcept {
    std::uint64_t head = free_list.load(std::memory_order_acquire);
    for (;;) {
        const auto link = static_cast<std::uint32_t>(head);
        if (link == 0) return false;
        const std::uint32_t next = slots[link - 1].next_free.load(std::memory_order_relaxed);
        if (free_list.compare_exchange_weak(head, next_head(head, next),
                                            std::memory_order_acquire)) {
            *index = link - 1;
            return true;
        }
    }
}

bool take_unused(std::uint32_t* index) noexcept {
    std::uint32_t used = ever_used.load(std::memory_order_relaxed);
    do {
        if (used == kSlotCount) return false;
    } while (!ever_used.compare_exchange_weak(used, used + 1, std::memory_order_release,
                                              std::memory_order_relaxed));
    *index = used;
    return true;
}

}  // namespace

Slot* slot_of(Ticket ticket) noexcept {
    return ticket.slot < ever_used.load(std::memory_order_relaxed) ? &slots[ticket.slot] : nullptr;
}

bool take_slot(Ticket* ticket) noexcept {
    std::uint32_t index = 0;
    if (!pop_free(&index) && !take_unused(&index)) return false;
    Slot& slot = slots[index];
    const std::uint32_t before = slot.word.load(std::memory_order_relaxed);
    std::uint32_t generation = (generation_of(before) + 1) & kGenerationMask;
    if (generation == 0) generation = 1;  // a default Ticket names nothing
    slot.word.store(make_word(generation, kTaken), std::memory_order_relaxed);
    *ticket = Ticket{index, generation};
    return true;
}

void give_slot(std::uint32_t index) noexcept {
    std::uint64_t head = free_list.load(std::memory_order_relaxed);
    do {
        slots[index].next_free.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    } while (!free_list.compare_exchange_weak(
        head, next_head(head, index + 1), std::memory_order_release, std::memory_order_relaxed));
}

bool free_slot(Ticket ticket, std::uint32_t from) noexcept {
    Slot* const slot = slot_of(ticket);
    if (slot == nullptr) return false;
    std::uint32_t word = slot->word.load(std::memory_order_relaxed);
    do {
        if (generation_of(word) != ticket.generation || phase_of(word) != from) return false;
    } while (!slot->word.compare_exchange_weak(word, make_word(ticket.generation, kFree),
                                               std::memory_order_acq_rel,
                                               std::memory_order_relaxed));
    give_slot(ticket.slot);
    return true;
}

unsigned sweep_unattended(pid_t pid) noexcept {
    unsigned freed = 0;
    const std::uint32_t limit = ever_used.load(std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < limit; ++index) {
        Slot& slot = slots[index];
        std::uint32_t word = slot.word.load(std::memory_order_acquire);
        if (phase_of(word) != kRunning || (word & kUnattended) == 0) continue;
        if (sys_tgkill(pid, slot.tid.load(std::memory_order_relaxed), 0) != -ESRCH) continue;
        if (slot.word.compare_exchange_strong(word, make_word(generation_of(word), kFree),
                                              std::memory_order_acq_rel)) {
            give_slot(index);
            ++freed;
        }
    }
    return freed;
}

void reset_slots() noexcept {
    free_list.store(next_head(free_list.load(std::memory_order_relaxed), 0),
                    std::memory_order_relaxed);
    for (std::uint32_t index = ever_used.load(std::memory_order_relaxed); index-- > 0;) {
        const std::uint32_t before = slots[index].word.load(std::memory_order_relaxed);
        slots[index].word.store(make_word(generation_of(before) + 1, kFree),
                                std::memory_order_release);
        give_slot(index);
    }
}

unsigned slots_in_use() noexcept {
    unsigned count = 0;
    const std::uint32_t limit = ever_used.load(std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < limit; ++index) {
        if (phase_of(slots[index].word.load(std::memory_order_relaxed)) != kFree) ++count;
    }
    return count;
}

}  // namespace threadfault::execute
