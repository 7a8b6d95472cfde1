// The one thing that an attached process has of ours: a small anonymous mapping. Held threads stand
// in it, and what they need to go on is kept there, so that anybody entitled can let them go when
// the guardian has died.
//
// Page 0, r-x: the code below and the mark by which a later guardian knows the region. Behind it,
// rw-: the slots. Most of it is never touched and costs no memory. It is not inherited by fork.
#ifndef THREADFAULT_OBSERVE_ATTACH_REGION_HPP
#define THREADFAULT_OBSERVE_ATTACH_REGION_HPP

#include "arch/traced.hpp"
#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace threadfault::observe {

inline constexpr std::uint64_t kAttachRegionSize = 512 << 10;
inline constexpr std::uint64_t kAttachCodeSize = 4096;

// Waits for the word that arch::word_register points to, in a futex(2) that nothing wakes: a held
// thread costs no CPU time, and a signal of libc's own (setuid) is handled and followed by another
// wait.
inline constexpr std::uint64_t kParkAt = 0;
// Burns CPU time until somebody else moves the thread.
inline constexpr std::uint64_t kSpinAt = 32;

struct HeldThread {
    std::uint32_t word = 0;   // that the thread waits for; always 0
    std::uint32_t fault = 0;  // base::Fault that holds it; 0: the slot is free
    std::int32_t tid = 0;     // as the guardian numbers it
    std::uint32_t reserved = 0;
    std::uint64_t start_ticks = 0;
    std::uint64_t mask = 0;    // of blocked signals
    arch::Traced registers{};  // to go on with, the restart of a system call included
};
inline constexpr std::uint64_t kHeldThreadSize = 512;
static_assert(sizeof(HeldThread) <= kHeldThreadSize);
inline constexpr std::size_t kMostHeldThreads =
    (kAttachRegionSize - kAttachCodeSize) / kHeldThreadSize;

// The contents of page 0.
std::array<unsigned char, kAttachCodeSize> attach_region_code();

// Of a thread that stands there, in `call`: what it will go on with. std::nullopt: it does not.
std::optional<HeldThread> held_thread(const Memory& memory, const TaskSyscall& call);

// Where a guardian, perhaps a dead one, has put it; std::nullopt: nowhere.
std::optional<std::uint64_t> find_attach_region(const Process& process);

constexpr std::uint64_t held_thread_address(std::uint64_t region, std::size_t number) {
    return region + kAttachCodeSize + number * kHeldThreadSize;
}
constexpr bool is_in_attach_region(std::uint64_t region, std::uint64_t address) {
    return region != 0 && address - region < kAttachRegionSize;
}

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_ATTACH_REGION_HPP
