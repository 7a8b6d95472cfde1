// Everything that knows glibc's object layouts (x86-64, glibc 2.34..2.36) is here.
//
// A futex word alone tells nothing: "private wait, expected value 0" is a condition variable, a
// semaphore, a barrier or somebody's own invention. An object is named only when the memory around
// the word is what that object, and no other one, would look like with a thread blocked in it.
#include "observe/wait_object.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr long kFutexWaitNumber = 455;          // futex_wait(2), Linux 6.7
constexpr std::uint32_t kMaximumTid = 1 << 22;  // PID_MAX_LIMIT

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

    bool is_plain() const { return command == FUTEX_WAIT && !has_timeout; }
    bool is_bitset() const {
        return command == FUTEX_WAIT_BITSET && bitset == FUTEX_BITSET_MATCH_ANY;
    }
    bool is_timed() const { return is_bitset() && has_timeout; }
    bool is_pi() const { return command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2; }
};

// The 32-bit words around the futex word. A word that can't be read is 0xffffffff, which no field
// of any object below may hold.
class Words {
public:
    Words(const Memory& memory, std::uint64_t centre) {
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
    std::uint32_t at(int offset) const {
        return words_[static_cast<std::size_t>(offset + kBefore) / 4];
    }
    std::int32_t low_half(int offset) const {
        return static_cast<std::int16_t>(at(offset) & 0xffff);
    }

private:
    static constexpr int kBefore = 48;
    static constexpr std::size_t kCount = 28;
    std::array<std::uint32_t, kCount> words_;
};

WaitObject object(WaitKind kind, std::uint64_t address, std::uint32_t owner = 0) {
    WaitObject result;
    result.kind = kind;
    result.address = address;
    if (is_tid(owner)) result.owner_tid = static_cast<pid_t>(owner);
    return result;
}

// struct __pthread_mutex_s: lock 0, count 4, owner 8, nusers 12, kind 16, spins 20 (16 bits),
// elision 22, list 24..39.
namespace mutex {
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
    // Locked by nobody: it is just being handed over, or it is no mutex but another lock of libc's
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
}  // namespace mutex

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

// struct __pthread_cond_s: wseq 0..7, g1_start 8..15, g_refs 16 and 20, g_size 24 and 28,
// g1_orig_size 32, wrefs 36, g_signals 40 and 44. A waiter waits on g_signals of its group.
std::optional<WaitObject> as_cond(const FutexWait& wait, const Words& words, int group) {
    if (!wait.is_bitset() || wait.value != 0) return std::nullopt;
    const int start = -40 - 4 * group;
    const std::uint32_t references = words.at(start + 36);
    const std::uint32_t waiters = references >> 3;
    const bool shared = (references & 1) != 0;
    if (waiters == 0 || !is_count(waiters) || shared == wait.is_private) return std::nullopt;
    const std::uint32_t in_group = words.at(start + 16 + 4 * group) >> 1;
    const std::uint32_t in_other = words.at(start + 16 + 4 * (1 - group)) >> 1;
    if (in_group == 0 || in_group > waiters || in_other > waiters) return std::nullopt;
    if (!is_count(words.at(start + 24)) || !is_count(words.at(start + 28))) return std::nullopt;
    if ((words.at(start + 32) & 3) == 3) return std::nullopt;  // a three-state lock
    // Every waiter took a number from wseq (in steps of 2) before it slept.
    const std::uint64_t sequence = words.at(start) | std::uint64_t{words.at(start + 4)} << 32;
    const std::uint64_t group_start = words.at(start + 8) | std::uint64_t{words.at(start + 12)}
                                                                << 32;
    if (sequence >> 1 < in_group || group_start >> 1 > sequence >> 1) return std::nullopt;
    return object(WaitKind::cond,
                  wait.address + static_cast<std::uint64_t>(static_cast<std::int64_t>(start)));
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

// pthread_join waits for the joinee's `tid` in its struct pthread, until the kernel clears it. The
// structure is told by its head, tcbhead_t, which holds its own address twice.
std::optional<WaitObject> as_join(const FutexWait& wait, const Memory& memory) {
    if (!wait.is_bitset() || wait.is_private || !is_tid(wait.value)) return std::nullopt;
    constexpr std::uint64_t kAlignment = 64;
    constexpr std::size_t kCandidates = 36;  // `tid` is at 720 in glibc 2.36
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
    for (std::size_t i = 0; i < kCandidates; ++i)
        if (heads[i] && heads[i]->tcb == addresses[i] && heads[i]->self == addresses[i])
            return object(WaitKind::join, addresses[i], wait.value);
    return std::nullopt;
}

// True when the system call was made by libc's syscall(): std::atomic::wait, Rust, allocators and
// all who use futexes of their own go through it; glibc's own objects never do.
bool read_syscall_function(std::uint64_t instruction_pointer, const Memory& memory) {
    // mov 8(%rsp),%r9; syscall
    constexpr std::array<unsigned char, 7> kEnd{0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05};
    const auto bytes = memory.read<std::array<unsigned char, 7>>(instruction_pointer - 7);
    return bytes && *bytes == kEnd;
}

// A wait with a time limit that was stopped and continued shows as restart_syscall, as other calls
// do: the code says whether it was futex (mov $202,%eax shortly before).
bool is_restarted_futex(const TaskSyscall& call, const Memory& memory) {
    if (call.number != SYS_restart_syscall) return false;
    constexpr std::array<unsigned char, 5> kLoad{0xb8, 0xca, 0, 0, 0};
    std::array<unsigned char, 16> code{};
    if (!memory.read(call.instruction_pointer - code.size(), code.data(), code.size()))
        return false;
    return std::search(code.begin(), code.end() - 2, kLoad.begin(), kLoad.end()) != code.end() - 2;
}

WaitObject classify(const FutexWait& wait, const TaskSyscall& call, const Memory& memory,
                    WaitClassifier::CodeCache& code) {
    const auto made_by_syscall_function = [&] {
        const auto [known, is_new] = code.try_emplace(call.instruction_pointer);
        if (is_new) known->second = read_syscall_function(call.instruction_pointer, memory);
        return known->second;
    };
    const Words words(memory, wait.address);
    std::vector<WaitObject> matches;
    const auto consider = [&](const std::optional<WaitObject>& match) {
        if (match) matches.push_back(*match);
    };
    if (wait.is_pi()) {
        consider(mutex::as_inheriting(wait, words));
    } else if (!made_by_syscall_function()) {
        consider(mutex::as_normal(wait, words));
        consider(mutex::as_robust(wait, words));
        consider(rwlock::as_reader(wait, words));
        consider(rwlock::as_writer(wait, words));
        consider(rwlock::as_first_writer(wait, words));
        consider(rwlock::as_deferred_reader(wait, words));
        consider(as_cond(wait, words, 0));
        consider(as_cond(wait, words, 1));
        consider(as_sem(wait, words));
        consider(as_barrier(wait, words));
        consider(as_join(wait, memory));
    }
    // Two explanations are none.
    return matches.size() == 1 ? matches.front() : object(WaitKind::futex, wait.address);
}

}  // namespace

std::string_view to_string(WaitKind kind) noexcept {
    switch (kind) {
        case WaitKind::mutex:
            return "mutex";
        case WaitKind::rwlock:
            return "rwlock";
        case WaitKind::cond:
            return "cond";
        case WaitKind::sem:
            return "sem";
        case WaitKind::barrier:
            return "barrier";
        case WaitKind::join:
            return "join";
        case WaitKind::futex:
            break;
    }
    return "futex";
}

std::optional<WaitObject> WaitClassifier::classify(const TaskSyscall& call) {
    if (call.running) return std::nullopt;
    // The newer calls are not glibc's: nothing more to be known than the word.
    if (call.number == kFutexWaitNumber) return object(WaitKind::futex, call.arguments[0]);
    if (call.number != SYS_futex && !is_restarted_futex(call, memory_)) return std::nullopt;
    FutexWait wait;
    wait.address = call.arguments[0];
    const auto operation = static_cast<std::uint32_t>(call.arguments[1]);
    wait.command = operation & static_cast<std::uint32_t>(FUTEX_CMD_MASK);
    wait.is_private = (operation & FUTEX_PRIVATE_FLAG) != 0;
    wait.value = static_cast<std::uint32_t>(call.arguments[2]);
    wait.has_timeout = call.arguments[3] != 0;
    wait.bitset = static_cast<std::uint32_t>(call.arguments[5]);
    const bool waits = wait.command == FUTEX_WAIT || wait.command == FUTEX_WAIT_BITSET ||
                       wait.command == FUTEX_WAIT_REQUEUE_PI || wait.is_pi();
    // A wake-up call seen in passing.
    if (!waits) return std::nullopt;
    WaitObject found = observe::classify(wait, call, memory_, code_);
    found.timed = wait.has_timeout;
    found.shared = !wait.is_private && found.kind != WaitKind::join;
    return found;
}

std::optional<WaitObject> classify_wait(const TaskSyscall& call, const Memory& memory) {
    return WaitClassifier(memory).classify(call);
}

}  // namespace threadfault::observe
