// The words around a futex word, and all objects but mutexes.
#include "arch/descriptor.hpp"
#include "observe/thread_descriptor.hpp"
#include "observe/wait_layouts.hpp"

#include <linux/futex.h>

#include <array>

namespace threadfault::observe {
namespace {

// struct __pthread_rwlock_arch_t: readers 0, writers 4, wrphase_futex 8, writers_futex 12,
// cur_writer 24, shared 28, flags 48. pthread_rwlock_common.c explains the states.
namespace rwlock {
constexpr std::uint32_t kWritePhase = 1;
constexpr std::uint32_t kWriteLocked = 2;
constexpr std::uint32_t kReadersWait = 4;
constexpr std::uint32_t kReaderShift = 3;
constexpr std::uint32_t kPreferWriterNonrecursive = 2;

// `start`: where the lock would begin, relative to the futex word.
bool is_lock(const FutexWait& wait, const Words& words, int start) {
    const std::uint32_t shared = words.at(start + 28);
    const std::uint32_t writer = words.at(start + 24);
    return words.at(start + 8) <= 3 && words.at(start + 12) <= 3 && shared <= 1 &&
           (shared == 0) == wait.is_private && (writer == 0 || is_tid(writer)) &&
           words.at(start + 48) <= kPreferWriterNonrecursive &&
           is_count(words.at(start) >> kReaderShift);
}

std::optional<WaitObject> found(const FutexWait& wait, const Words& words, int start) {
    const std::uint64_t address =
        wait.address + static_cast<std::uint64_t>(static_cast<std::int64_t>(start));
    return object(WaitKind::rwlock, address, words.at(start + 24));
}

// A reader waits for the end of the write phase.
std::optional<WaitObject> as_reader(const FutexWait& wait, const Words& words) {
    if (!wait.is_bitset() || wait.value != 3 || !is_lock(wait, words, -8)) return std::nullopt;
    const std::uint32_t readers = words.at(-8);
    if ((readers & kWritePhase) == 0 || readers >> kReaderShift == 0) return std::nullopt;
    return found(wait, words, -8);
}

// A writer waits for another writer.
std::optional<WaitObject> as_writer(const FutexWait& wait, const Words& words) {
    if (!wait.is_bitset() || wait.value != 3 || !is_lock(wait, words, -12)) return std::nullopt;
    if ((words.at(-12) & kWriteLocked) == 0 || words.at(0) != 3) return std::nullopt;
    return found(wait, words, -12);
}

// The first writer waits for the readers to leave.
std::optional<WaitObject> as_first_writer(const FutexWait& wait, const Words& words) {
    if (!wait.is_bitset() || wait.value != 2 || !is_lock(wait, words, -8)) return std::nullopt;
    const std::uint32_t readers = words.at(-8);
    const bool waits_for_readers = (readers & kWriteLocked) != 0 && (readers & kWritePhase) == 0 &&
                                   readers >> kReaderShift != 0;
    if (!waits_for_readers || words.at(0) != 2) return std::nullopt;
    return found(wait, words, -8);
}

// A reader stands behind waiting writers, where the lock prefers those.
std::optional<WaitObject> as_deferred_reader(const FutexWait& wait, const Words& words) {
    if (!wait.is_bitset() || !is_lock(wait, words, 0)) return std::nullopt;
    if (words.at(48) != kPreferWriterNonrecursive) return std::nullopt;
    const std::uint32_t needed = kWriteLocked | kReadersWait;
    if ((wait.value & needed) != needed || (words.at(0) & needed) != needed) return std::nullopt;
    return found(wait, words, 0);
}
}  // namespace rwlock

// struct __pthread_cond_s, of both kinds: wseq 0..7, g1_start 8..15, then g_size[2], g1_orig_size,
// wrefs and g_signals[2] in a row. A waiter waits on g_signals of its group.
namespace cond {
// Up to glibc 2.40, g_refs[2] stands before them, and numbers are in steps of 2.
constexpr int kSizesAfterReferences = 24;
// From 2.41 on, two unused words, initialised to 0, stand behind instead. (With cancellation
// disabled a thread waits there by a call like an older one's; what the call is has to be told by
// the stack then.)
constexpr int kSizes = 16;

// The words that both kinds have. `sizes`: where g_size begins.
bool is_cond(const FutexWait& wait, const Words& words, int start, int sizes) {
    const std::uint32_t references = words.at(start + sizes + 12);
    const std::uint32_t waiters = references >> 3;
    const bool shared = (references & 1) != 0;
    if (waiters == 0 || !is_count(waiters) || shared == wait.is_private) return false;
    if (!is_count(words.at(start + sizes)) || !is_count(words.at(start + sizes + 4))) return false;
    return (words.at(start + sizes + 8) & 3) != 3;  // a three-state lock
}

std::optional<WaitObject> found(const FutexWait& wait, int start) {
    return object(WaitKind::cond,
                  wait.address + static_cast<std::uint64_t>(static_cast<std::int64_t>(start)));
}

std::optional<WaitObject> as_group(const FutexWait& wait, const Words& words, int group) {
    if (!wait.is_bitset() || wait.value != 0 || wait.by_cancellation_point) return std::nullopt;
    const int start = -kSizesAfterReferences - 16 - 4 * group;
    if (!is_cond(wait, words, start, kSizesAfterReferences)) return std::nullopt;
    const std::uint32_t waiters = words.at(start + 36) >> 3;
    const std::uint32_t in_group = words.at(start + 16 + 4 * group) >> 1;
    const std::uint32_t in_other = words.at(start + 16 + 4 * (1 - group)) >> 1;
    if (in_group == 0 || in_group > waiters || in_other > waiters) return std::nullopt;
    // Every waiter took a number from wseq (in steps of 2) before it slept.
    const std::uint64_t sequence = words.pair(start);
    if (sequence >> 1 < in_group || words.pair(start + 8) >> 1 > sequence >> 1) return std::nullopt;
    return found(wait, start);
}

std::optional<WaitObject> as_newer_group(const FutexWait& wait, const Words& words, int group) {
    if (!wait.is_bitset() || words.at(0) != wait.value || !wait.by_cancellation_point) {
        return std::nullopt;
    }
    const int start = -kSizes - 16 - 4 * group;
    if (!is_cond(wait, words, start, kSizes)) return std::nullopt;
    if (words.at(start + 40) != 0 || words.at(start + 44) != 0) return std::nullopt;
    const std::uint64_t sequence = words.pair(start) >> 1;
    const std::uint64_t first = words.pair(start + 8);
    if (sequence == 0 || first > sequence) return std::nullopt;
    // No signal is left for the group: it has been given no more than the waiters before it took.
    const auto left = static_cast<std::int32_t>(wait.value - static_cast<std::uint32_t>(first));
    if (left > 0) return std::nullopt;
    return found(wait, start);
}
}  // namespace cond

}  // namespace

Words::Words(const Memory& memory, std::uint64_t centre) {
    // Mostly all of it lies on mapped pages: one range is read in half the time of many words.
    if (memory.read(centre - kBefore, words_.data(), sizeof words_)) return;
    std::array<std::uint64_t, kCount> addresses;
    std::array<std::optional<std::uint32_t>, kCount> values;
    for (std::size_t i = 0; i < kCount; ++i)
        addresses[i] = centre + i * 4 - kBefore;
    memory.read_words(addresses, values);
    for (std::size_t i = 0; i < kCount; ++i)
        words_[i] = values[i].value_or(0xffffffff);
}

WaitObject object(WaitKind kind, std::uint64_t address, std::uint32_t owner) {
    WaitObject result;
    result.kind = kind;
    result.address = address;
    if (is_tid(owner)) result.owner_tid = static_cast<pid_t>(owner);
    return result;
}

std::optional<WaitObject> as_rwlock(const FutexWait& wait, const Words& words) {
    std::optional<WaitObject> found;
    for (const auto& match :
         {rwlock::as_reader(wait, words), rwlock::as_writer(wait, words),
          rwlock::as_first_writer(wait, words), rwlock::as_deferred_reader(wait, words)}) {
        if (!match) continue;
        if (found) return std::nullopt;
        found = match;
    }
    return found;
}

std::optional<WaitObject> as_cond(const FutexWait& wait, const Words& words) {
    std::optional<WaitObject> found;
    for (const int group : {0, 1}) {
        for (const auto& match :
             {cond::as_group(wait, words, group), cond::as_newer_group(wait, words, group)}) {
            if (!match) continue;
            if (found) return std::nullopt;
            found = match;
        }
    }
    return found;
}

// struct new_sem: value 0, waiters 4, private 8 (0, or 128 for a process-shared one).
std::optional<WaitObject> as_sem(const FutexWait& wait, const Words& words) {
    if (!wait.is_bitset() || wait.value != 0 || wait.address % 8 != 0) return std::nullopt;
    const std::uint32_t waiters = words.at(4);
    if (words.at(0) != 0 || waiters == 0 || !is_count(waiters)) return std::nullopt;
    if (words.at(8) != (wait.is_private ? 0U : 128U)) return std::nullopt;
    return object(WaitKind::sem, wait.address);
}

// struct pthread_barrier: in 0, current_round 4, count 8, shared 12 (0 or 128), out 16.
std::optional<WaitObject> as_barrier(const FutexWait& wait, const Words& words) {
    if (!wait.is_plain() || words.at(0) != wait.value) return std::nullopt;
    const std::uint32_t count = words.at(4);
    const std::uint32_t inside = words.at(-4) - words.at(0);
    if (words.at(8) != (wait.is_private ? 0U : 128U)) return std::nullopt;
    if (count < 2 || !is_count(count) || inside == 0 || inside >= count) return std::nullopt;
    if (words.at(12) > words.at(-4)) return std::nullopt;  // no more have left than entered
    return object(WaitKind::barrier, wait.address - 4);
}

// pthread_join waits for the joinee's `tid` in its struct pthread, until the kernel clears it; from
// glibc 2.43 on for a word `joinstate` behind it, which holds a small number. Where that lies is
// found only if the structure's head can be known.
std::optional<WaitObject> as_join(const FutexWait& wait, const Memory& memory) {
    if (!wait.is_bitset() || wait.is_private || !is_tid(wait.value)) return std::nullopt;
    constexpr std::uint64_t kAlignment = 64;
    constexpr std::size_t kCandidates = 36;
    constexpr std::uint64_t kTid = arch::kTidInDescriptor;
    if (is_thread_descriptor(memory, wait.address - kTid))
        return object(WaitKind::join, wait.address - kTid, wait.value);
    if constexpr (!arch::kDescriptorNamesItself) return std::nullopt;
    constexpr std::uint32_t kMostStates = 8;
    struct Head {
        std::uint64_t tcb;
        std::uint64_t dtv;
        std::uint64_t self;
    };
    std::array<std::uint64_t, kCandidates> addresses;
    std::array<std::optional<Head>, kCandidates> heads;
    std::uint64_t candidate = wait.address & ~(kAlignment - 1);
    for (std::uint64_t& address : addresses) {
        address = candidate;
        candidate -= kAlignment;
    }
    memory.read_each<Head>(addresses, heads);
    for (std::size_t i = 0; i < kCandidates; ++i) {
        const std::uint64_t start = addresses[i];
        if (!heads[i] || heads[i]->tcb != start || heads[i]->self != start) continue;
        if (wait.value > kMostStates) return object(WaitKind::join, start, wait.value);
        return object(WaitKind::join, start, memory.read<std::uint32_t>(start + kTid).value_or(0));
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
