// The fixed pool in which requests live, and the one word per slot that both sides fight for.
// libc only; everything here is async-signal-safe and thread-safe unless it says otherwise.
//
//   bits 0-2  phase        free -> taken -> posted -> running -> done -> free
//   bit  3    kSleeper     a thread sleeps on the word: the one that publishes `done` must wake
//   bit  4    kUnattended  no caller waits any more: the handler frees the slot when it has
//   finished bits 5-31 generation   one more at every use, so that a late signal finds a stranger
//
// The word is 32 bits wide because it is a futex word as well.
#ifndef THREADFAULT_EXECUTE_SLOTS_HPP
#define THREADFAULT_EXECUTE_SLOTS_HPP

#include "execute/core.hpp"

#include <atomic>
#include <cstdint>

namespace threadfault::execute {

inline constexpr unsigned kSlotBits = 12;
inline constexpr unsigned kSlotCount = 1U << kSlotBits;

inline constexpr std::uint32_t kFree = 0;
inline constexpr std::uint32_t kTaken = 1;
inline constexpr std::uint32_t kPosted = 2;
inline constexpr std::uint32_t kRunning = 3;
inline constexpr std::uint32_t kDone = 4;
inline constexpr std::uint32_t kPhaseMask = 7;
inline constexpr std::uint32_t kSleeper = 8;
inline constexpr std::uint32_t kUnattended = 16;
inline constexpr unsigned kGenerationShift = 5;
inline constexpr unsigned kGenerationBits = 32 - kGenerationShift;
inline constexpr std::uint32_t kGenerationMask = (1U << kGenerationBits) - 1;

inline std::uint32_t make_word(std::uint32_t generation, std::uint32_t phase) noexcept {
    return (generation & kGenerationMask) << kGenerationShift | phase;
}
inline std::uint32_t phase_of(std::uint32_t word) noexcept {
    return word & kPhaseMask;
}
inline std::uint32_t generation_of(std::uint32_t word) noexcept {
    return word >> kGenerationShift;
}

// What is to be done on the thread.
struct Request {
    Function function = nullptr;
    PlainFunction plain = nullptr;  // used when `function` is null
    void* argument = nullptr;
    bool brief = false;
};

// A cache line each: the handler's writes on one thread don't slow the other slots' users down.
struct alignas(64) Slot {
    std::atomic<std::uint32_t> word{0};
    std::atomic<std::uint32_t> next_free{0};  // index + 1; 0 ends the list
    std::atomic<pid_t> tid{0};                // the thread that the request is for
    // Written while `taken`, read while `running`: each by the word's only owner at that time.
    Request request;
};

// Zero-initialised and never freed: a waker may name a slot's word after its user has gone on, and
// pages of slots that were never used cost nothing.
extern Slot slots[kSlotCount];

// The slot that `ticket` names, or nullptr for a number that was never handed out.
Slot* slot_of(Ticket ticket) noexcept;

// Takes a slot (phase `taken`, next generation). False: all are in use.
bool take_slot(Ticket* ticket) noexcept;

// Puts a slot whose word was just made `free` by the caller back on the list.
void give_slot(std::uint32_t index) noexcept;

// Moves `ticket`'s slot from phase `from` to free and gives it back, if it is there.
bool free_slot(Ticket ticket, std::uint32_t from) noexcept;

// Frees the unattended slots of threads of process `pid` that have ended inside their function.
// Returns how many. Linear in the slots ever used: for when none is left.
unsigned sweep_unattended(pid_t pid) noexcept;

// Makes every slot free under a new generation. Only while no other thread uses the pool.
void reset_slots() noexcept;

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_SLOTS_HPP
