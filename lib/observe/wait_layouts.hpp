// Internal to lib/observe: glibc's object layouts, the same on x86-64 and aarch64. What an object
// looks like with a thread blocked in it. The words are held to it strictly: what fits is that
// object and no other one.
#ifndef THREADFAULT_OBSERVE_WAIT_LAYOUTS_HPP
#define THREADFAULT_OBSERVE_WAIT_LAYOUTS_HPP

#include "observe/call_evidence.hpp"
#include "observe/memory.hpp"
#include "observe/wait_object.hpp"

#include <linux/futex.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace threadfault::observe {

inline constexpr std::uint32_t kMaximumTid = 1 << 22;  // PID_MAX_LIMIT

constexpr bool is_tid(std::uint32_t value) {
    return value > 0 && value < kMaximumTid;
}
// Numbers of threads in or at an object: no more than there can be threads.
constexpr bool is_count(std::uint32_t value) {
    return value < kMaximumTid;
}

struct FutexWait {
    std::uint64_t address = 0;
    std::uint32_t command = 0;
    std::uint32_t value = 0;
    std::uint32_t bitset = 0;
    bool is_private = false;
    bool has_timeout = false;
    // Made by __syscall_cancel_arch, in which glibc makes the calls of its cancellation points from
    // 2.41 on.
    bool by_cancellation_point = false;

    bool is_plain() const { return command == FUTEX_WAIT && !has_timeout; }
    bool is_bitset() const {
        return command == FUTEX_WAIT_BITSET && bitset == FUTEX_BITSET_MATCH_ANY;
    }
    bool is_timed() const { return is_bitset() && has_timeout; }
    bool is_pi() const { return command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2; }
};

// The 32-bit words around the futex word. A word that can't be read is 0xffffffff, which no field
// of any object may hold.
class Words {
public:
    static constexpr int kBefore = 48;
    static constexpr std::size_t kCount = 28;

    Words(const Memory& memory, std::uint64_t centre);
    // Already read.
    explicit Words(const std::array<std::uint32_t, kCount>& words) : words_(words) {}

    std::uint32_t at(int offset) const {
        return words_[static_cast<std::size_t>(offset + kBefore) / 4];
    }
    std::int32_t low_half(int offset) const {
        return static_cast<std::int16_t>(at(offset) & 0xffff);
    }
    std::uint64_t pair(int offset) const {
        return at(offset) | std::uint64_t{at(offset + 4)} << 32;
    }

private:
    std::array<std::uint32_t, kCount> words_;
};

// `owner`: left out where it is no tid.
WaitObject object(WaitKind kind, std::uint64_t address, std::uint32_t owner = 0);

// std::nullopt: it is none, or (two layouts fit) not known which.
std::optional<WaitObject> as_mutex(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_inheriting_mutex(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_rwlock(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_cond(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_sem(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_barrier(const FutexWait& wait, const Words& words);
std::optional<WaitObject> as_join(const FutexWait& wait, const Memory& memory);

// The lock of a FILE, or of another list of the C library's input and output.
std::optional<WaitObject> as_stream_lock(const FutexWait& wait, const Words& words,
                                         const Memory& memory);

// glibc puts a thread to sleep for ever on a word of its own stack when the kernel says that its
// wait for a priority-inheriting mutex could never end (EDEADLK), or that the owner is dead
// (ESRCH). Which mutex: the one that its call names, or else that libc's frames, or else the
// caller's, know and that is not the thread's own. std::nullopt: it is no such wait, or not known.
// `own_tid`: 0 unknown.
std::optional<WaitObject> as_parked(const FutexWait& wait, const StackTop& stack,
                                    const CallEvidence& evidence, const Memory& memory,
                                    pid_t own_tid);

// How far before the futex word an object begins that libc's frames point to: one of `distances`,
// if just one is there.
std::optional<std::uint64_t> pointed_before(const FutexWait& wait, const StackTop& stack,
                                            std::uint64_t frames_end,
                                            const std::vector<std::uint64_t>& distances);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_WAIT_LAYOUTS_HPP
