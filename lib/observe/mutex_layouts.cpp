// Mutexes, the locks of FILEs, and what becomes of a wait that can't end.
#include "observe/thread_descriptor.hpp"
#include "observe/wait_layouts.hpp"

#include <algorithm>

namespace threadfault::observe {
namespace {

// struct __pthread_mutex_s: lock 0, count 4, owner 8, nusers 12, kind 16, spins 20 (16 bits),
// elision 22, list 24..39.
constexpr std::uint32_t kTypeMask = 3;
constexpr std::uint32_t kRecursive = 1;
constexpr std::uint32_t kAdaptive = 3;
constexpr std::uint32_t kRobust = 0x10;
constexpr std::uint32_t kInherit = 0x20;
constexpr std::uint32_t kProtect = 0x40;
constexpr std::uint32_t kShared = 0x80;
constexpr std::uint32_t kElision = 0x300;
constexpr std::uint32_t kCeilingMask = 0xfff80000;
constexpr std::uint32_t kOwnerInconsistent = 0x7fffffff;  // PTHREAD_MUTEX_INCONSISTENT
constexpr std::uint32_t kOwnerNotRecoverable = 0x7ffffffe;

bool has_tail(const FutexWait& wait, const Words& words, std::uint32_t protocol) {
    const std::uint32_t kind = words.at(16);
    if ((kind & ~(kTypeMask | kShared | kElision)) != protocol) return false;
    // glibc keeps robust mutexes' futex words shared whatever their attribute says, by that bit.
    if (((kind & kShared) == 0) != wait.is_private) return false;
    const std::uint32_t type = kind & kTypeMask;
    if (type != kAdaptive && words.low_half(20) != 0) return false;
    return true;
}

std::optional<WaitObject> as_normal(const FutexWait& wait, const Words& words) {
    if (!wait.is_plain() && !wait.is_timed()) return std::nullopt;
    const bool protect = (wait.value & kCeilingMask) != 0;
    if ((wait.value & ~kCeilingMask) != 2) return std::nullopt;
    if (!has_tail(wait, words, protect ? kProtect : 0)) return std::nullopt;
    const std::uint32_t lock = words.at(0);
    if ((lock & kCeilingMask) != (wait.value & kCeilingMask)) return std::nullopt;
    if ((lock & ~kCeilingMask) != 1 && (lock & ~kCeilingMask) != 2) return std::nullopt;
    const std::uint32_t type = words.at(16) & kTypeMask;
    const std::uint32_t count = words.at(4);
    if (type == kRecursive ? count == 0 : count > (protect ? 1U : 0U)) return std::nullopt;
    for (int offset = 24; offset < 40; offset += 4)
        if (words.at(offset) != 0) return std::nullopt;  // the list is the robust ones'
    // Not locked: it is being handed over, or it is not a mutex but another lock of libc's
    // that works the same way.
    const std::uint32_t owner = words.at(8);
    const std::uint32_t users = words.at(12);
    if (!is_tid(owner) || users == 0 || !is_count(users)) return std::nullopt;
    return object(WaitKind::mutex, wait.address, owner);
}

std::optional<WaitObject> as_robust(const FutexWait& wait, const Words& words) {
    if ((!wait.is_plain() && !wait.is_timed()) || (wait.value & FUTEX_WAITERS) == 0)
        return std::nullopt;
    if (!has_tail(wait, words, kRobust)) return std::nullopt;
    const std::uint32_t owner = words.at(8);
    if (owner != 0 && !is_tid(owner) && owner != kOwnerInconsistent &&
        owner != kOwnerNotRecoverable)
        return std::nullopt;
    if (!is_count(words.at(12))) return std::nullopt;
    return object(WaitKind::mutex, wait.address, words.at(0) & FUTEX_TID_MASK);
}

// The kernel itself reads and writes the owner of a priority-inheritance futex: true for every
// program. Only the kind field says that it is glibc's mutex.
std::optional<WaitObject> as_inheriting(const FutexWait& wait, const Words& words) {
    if (!wait.is_pi() || words.at(0) == 0xffffffff) return std::nullopt;
    const std::uint32_t owner = words.at(0) & FUTEX_TID_MASK;
    const bool is_mutex =
        (has_tail(wait, words, kInherit) || has_tail(wait, words, kInherit | kRobust)) &&
        is_count(words.at(12));
    return object(is_mutex ? WaitKind::mutex : WaitKind::futex, wait.address, owner);
}

// Locked priority-inheriting mutexes that words point to.
struct Inheriting {
    std::optional<WaitObject> others;
    std::optional<WaitObject> own;
    bool ambiguous = false;  // there are two candidates

    void look(std::vector<std::uint64_t> pointers, const Memory& memory, pid_t own_tid) {
        std::erase_if(pointers, [](std::uint64_t word) { return word % 4 != 0 || word < 0x10000; });
        std::sort(pointers.begin(), pointers.end());
        pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
        using Beginning = std::array<std::uint32_t, 5>;
        std::vector<std::optional<Beginning>> beginnings(pointers.size());
        memory.read_each<Beginning>(pointers, beginnings);
        for (std::size_t i = 0; i < pointers.size(); ++i) {
            if (!beginnings[i]) continue;
            const auto& [lock, count, owner, users, kind] = *beginnings[i];
            const std::uint32_t tid = lock & FUTEX_TID_MASK;
            const bool inherits = (kind & ~(kTypeMask | kShared | kRobust)) == kInherit;
            if (!inherits || !is_tid(tid) || tid != owner || !is_count(users)) continue;
            std::optional<WaitObject>& place = static_cast<pid_t>(tid) == own_tid ? own : others;
            if (place && place->address != pointers[i]) ambiguous = true;
            place = object(WaitKind::mutex, pointers[i], tid);
            place->shared = (kind & kShared) != 0;
        }
    }
};

}  // namespace

std::optional<WaitObject> as_mutex(const FutexWait& wait, const Words& words) {
    if (wait.is_pi()) {
        const auto found = as_inheriting_mutex(wait, words);
        return found && found->kind == WaitKind::mutex ? found : std::nullopt;
    }
    const auto normal = as_normal(wait, words);
    const auto robust = as_robust(wait, words);
    if (normal && robust) return std::nullopt;
    return normal ? normal : robust;
}

std::optional<WaitObject> as_inheriting_mutex(const FutexWait& wait, const Words& words) {
    return as_inheriting(wait, words);
}

// _IO_lock_t: lock 0, count 4 (0 when it is held once, or 1 in older versions), owner 8, the
// pthread_t of the thread that holds it.
std::optional<WaitObject> as_stream_lock(const FutexWait& wait, const Words& words,
                                         const Memory& memory) {
    constexpr std::uint32_t kDeepest = 1 << 20;  // a FILE's lock is recursive
    if (!wait.is_plain() || !wait.is_private || wait.value != 2) return std::nullopt;
    if (words.at(0) != 1 && words.at(0) != 2) return std::nullopt;
    if (words.at(4) > kDeepest) return std::nullopt;
    const auto tid = tid_in_descriptor(memory, words.pair(8));
    if (!tid || (*tid != 0 && !is_tid(*tid))) return std::nullopt;
    WaitObject found = object(WaitKind::mutex, wait.address, *tid);
    found.owner_dead = *tid == 0;
    return found;
}

std::optional<WaitObject> as_parked(const FutexWait& wait, const StackTop& stack,
                                    const CallEvidence& evidence, const Memory& memory,
                                    pid_t own_tid) {
    if (!wait.is_bitset() || wait.has_timeout || wait.value != 0) return std::nullopt;
    if (wait.address < stack.address || wait.address >= evidence.frames_end) return std::nullopt;
    const auto words_between = [&](std::uint64_t begin, std::uint64_t end) {
        std::vector<std::uint64_t> words;
        for (std::size_t i = 0; i < stack.count; ++i) {
            const std::uint64_t at = stack.address + i * sizeof(std::uint64_t);
            if (at >= begin && at < end) words.push_back(stack.words[i]);
        }
        return words;
    };
    Inheriting seen;
    for (const auto& pointers : {std::vector<std::uint64_t>{evidence.argument},
                                 words_between(stack.address, evidence.frames_end),
                                 words_between(evidence.frames_end, evidence.caller_end)}) {
        seen.look(pointers, memory, own_tid);
        if (seen.ambiguous) return std::nullopt;
        if (seen.others) return seen.others;
    }
    return seen.own;
}

std::optional<std::uint64_t> pointed_before(const FutexWait& wait, const StackTop& stack,
                                            std::uint64_t frames_end,
                                            const std::vector<std::uint64_t>& distances) {
    std::optional<std::uint64_t> found;
    for (std::size_t i = 0; i < stack.count; ++i) {
        if (stack.address + i * sizeof(std::uint64_t) >= frames_end) break;
        const std::uint64_t distance = wait.address - stack.words[i];
        if (std::find(distances.begin(), distances.end(), distance) == distances.end()) continue;
        if (found && *found != distance) return std::nullopt;
        found = distance;
    }
    return found;
}

}  // namespace threadfault::observe
