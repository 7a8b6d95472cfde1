// What a sweep and the shim tell each other through a file that both have mapped: the shim writes
// with plain stores, so that the file holds all that happened however the process ends.
//
// The command makes the file, says in it what is wanted, and names it in THREADFAULT_PASSAGES. The
// first process that makes a thread takes it (`claimed`); the others leave it alone. The file is
// read by the command that wrote it, so the version only guards against a shim of another release.
#ifndef THREADFAULT_WIRE_PASSAGES_HPP
#define THREADFAULT_WIRE_PASSAGES_HPP

#include "wire/threads.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace threadfault::wire {

inline constexpr const char* kPassagesVariable = "THREADFAULT_PASSAGES";
inline constexpr std::uint32_t kPassagesMagic = 0x50464854;  // "THFP"
inline constexpr std::uint32_t kPassagesVersion = 2;

inline constexpr std::size_t kPassageFrames = 10;       // return addresses, innermost first
inline constexpr std::size_t kPassageThreads = 1024;    // that are recorded
inline constexpr std::size_t kPassagePoints = 16384;    // of all threads
inline constexpr std::size_t kPassageSlots = 32768;     // of the table that finds them
inline constexpr std::size_t kPassageHeld = 12;         // locks that one thread holds
inline constexpr std::size_t kPassageContexts = 8;      // kept for a point
inline constexpr std::size_t kPassageFollowers = 8;     // kept for a point
inline constexpr std::size_t kPassageMaps = 192 << 10;  // text of /proc/self/maps
inline constexpr std::size_t kPassageCache = 64;
inline constexpr std::uint32_t kAnyThread = UINT32_MAX;  // for a depth: but main

enum class PassageMode : std::uint32_t { census = 1, experiment = 2 };

// A lock in a thread's hand: where it lies, and the stack of the call that took it.
struct HeldLock {
    std::uint64_t address = 0;
    std::uint64_t stack = 0;  // hash
    std::uint32_t robust = 0;
    std::uint32_t reserved = 0;
};

// What an experiment does: that fault, at that passage of that point by that thread.
struct PassageOrder {
    PassageMode mode{};
    std::uint32_t with_main = 0;  // main's points count as well
    std::uint32_t depth = 0;      // of the victim's path; main is 0; kAnyThread
    std::uint32_t path[kMaxPathDepth] = {};
    std::uint32_t call = 0;    // inject::Call
    std::uint32_t side = 0;    // inject::Side
    std::uint32_t action = 0;  // inject::Action
    std::uint32_t death = 0;   // Fault, where the action is a kill
    std::int32_t error = 0;
    std::uint32_t reserved = 0;
    std::uint64_t stack = 0;       // hash
    std::uint64_t occurrence = 0;  // from 1
    std::int64_t duration_ns = 0;  // delay, freeze
};

// What became of it.
struct PassageEvent {
    std::atomic<std::uint32_t> fired{0};
    std::atomic<std::uint32_t> over{0};  // the victim has come to the end of its destructors
    std::int32_t tid = 0;
    std::uint32_t frame_count = 0;
    std::int64_t time_ns = 0;  // CLOCK_MONOTONIC
    std::uint64_t frames[kPassageFrames] = {};
    std::uint32_t held_count = 0;
    std::atomic<std::uint32_t> seen{0};  // how often the victim has passed the point
    HeldLock held[kPassageHeld] = {};
};

// Passages of one point under the same circumstances: locks held, and the point before it.
struct PassageContext {
    std::uint64_t key = 0;
    std::uint64_t first = 0;  // occurrence
    std::uint64_t count = 0;
    std::uint64_t last = 0;
    std::uint32_t held_count = 0;
    std::uint32_t reserved = 0;
    HeldLock held[kPassageHeld] = {};
};

// The point that came next.
struct PassageFollower {
    std::uint64_t stack = 0;  // hash
    std::uint64_t first = 0;  // occurrence of this point
    std::uint64_t count = 0;
};

// A call at a stack, as one thread passes it.
struct PassagePoint {
    std::uint64_t stack = 0;  // hash of the frames, the same from run to run
    std::uint64_t count = 0;
    std::uint32_t thread = 0;  // index of its PassageThread
    std::uint32_t call = 0;
    std::uint32_t frame_count = 0;
    std::uint32_t context_count = 0;
    std::uint32_t follower_count = 0;
    std::uint32_t cancel_disabled = 0;  // passages with cancellation disabled
    std::uint64_t frames[kPassageFrames] = {};
    PassageContext contexts[kPassageContexts] = {};
    PassageFollower followers[kPassageFollowers] = {};
};

// Where the point with that key stands. Only the thread that the point belongs to reads `point`.
struct PassageSlot {
    std::atomic<std::uint64_t> key{0};  // 0: free
    std::uint64_t point = 0;
};

// A stack that was unwound once: the same words in the same places are the same stack.
struct PassageStack {
    std::uint64_t frame = 0;  // where the interposer's frame lies
    std::uint64_t site = 0;   // which interposer
    std::uint64_t hash = 0;
    std::uint32_t point = 0;  // index of its PassagePoint
    std::uint32_t frame_count = 0;
    std::uint64_t places[kPassageFrames] = {};
    std::uint64_t frames[kPassageFrames] = {};
};

struct PassageThread {
    std::uint32_t depth = 0;
    std::uint32_t path[kMaxPathDepth] = {};
    std::int32_t tid = 0;
    std::uint32_t is_main = 0;
    std::uint32_t busy = 0;  // a signal handler's calls are left out while it is set
    std::uint32_t is_victim = 0;
    std::uint32_t held_count = 0;
    std::uint32_t last_point = 0;
    std::uint64_t start = 0;  // address of the start routine
    std::uint64_t last_stack = 0;
    std::uint64_t last_occurrence = 0;
    std::uint64_t passages = 0;
    char name[kThreadNameSize] = {};
    HeldLock held[kPassageHeld] = {};
    PassageStack cache[kPassageCache] = {};
};

struct Passages {
    std::uint32_t magic = kPassagesMagic;
    std::uint32_t version = kPassagesVersion;
    std::atomic<std::int32_t> claimed{0};           // process id
    std::atomic<std::uint32_t> other_processes{0};  // that made threads, too
    std::atomic<std::uint32_t> threads_lost{0};     // for want of room
    std::atomic<std::uint32_t> points_lost{0};
    std::atomic<std::uint32_t> thread_count{0};
    std::atomic<std::uint32_t> point_count{0};
    std::uint32_t maps_length = 0;
    PassageOrder order;
    PassageEvent event;
    char maps[kPassageMaps] = {};
    PassageThread threads[kPassageThreads] = {};
    PassageSlot slots[kPassageSlots] = {};  // a hash table
    PassagePoint points[kPassagePoints] = {};
};
static_assert(std::is_standard_layout_v<Passages>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace threadfault::wire

#endif  // THREADFAULT_WIRE_PASSAGES_HPP
