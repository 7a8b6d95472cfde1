#include "preload/registry/events.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/own_memory.hpp"
#include "preload/registry/agent_calls.hpp"

#include <cstring>
#include <new>

namespace threadfault::shim {

namespace {

constexpr std::uint64_t kRingSize = 8192;

struct Slot {
    // Number of the event + 1 when it is all there; 0 while it is written.
    std::atomic<std::uint64_t> ready{0};
    std::int64_t time_ns = 0;
    wire::EventKind kind{};
    std::uint32_t how = 0;
    std::uint64_t serial = 0;
    std::int32_t tid = 0;
    std::uint32_t depth = 0;
    std::uint32_t path[wire::kMaxPathDepth] = {};
    char name[wire::kThreadNameSize] = {};
};

constinit std::atomic<Slot*> ring{nullptr};
constinit std::atomic<std::uint64_t> next_event{0};
constinit std::atomic<int> followers{0};
constinit std::atomic<bool> agent_sleeps{false};
constinit std::atomic<std::uint64_t> seen_before_sleep{0};

std::int64_t real_time_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * execute::kNanosecondsPerSecond + now.tv_nsec;
}

}  // namespace

void tell(wire::EventKind kind, const Record& record, std::uint32_t how) noexcept {
    if (followers.load(std::memory_order_relaxed) == 0) return;
    wire::ThreadRecord seen;
    seen.serial = record.serial.load(std::memory_order_relaxed);
    seen.tid = record.tid.load(std::memory_order_relaxed);
    seen.depth = record.depth;
    load_path(record, seen.path);
    load_name(record, seen.name);
    tell(kind, seen, how);
}

void tell(wire::EventKind kind, const wire::ThreadRecord& seen, std::uint32_t how) noexcept {
    if (followers.load(std::memory_order_relaxed) == 0) return;
    Slot* const slots = ring.load(std::memory_order_acquire);
    if (slots == nullptr) return;
    const std::uint64_t number = next_event.fetch_add(1, std::memory_order_acq_rel);
    Slot& slot = slots[number % kRingSize];
    slot.ready.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    slot.time_ns = real_time_ns();
    slot.kind = kind;
    slot.how = how;
    slot.serial = seen.serial;
    slot.tid = seen.tid;
    slot.depth = seen.depth;
    std::memcpy(slot.path, seen.path, sizeof slot.path);
    std::memcpy(slot.name, seen.name, sizeof slot.name);
    slot.ready.store(number + 1, std::memory_order_release);
    if (agent_sleeps.exchange(false, std::memory_order_acq_rel)) wake_agent();
}

bool add_follower() noexcept {
    if (ring.load(std::memory_order_relaxed) == nullptr) {
        void* const memory = map_memory(kRingSize * sizeof(Slot));
        if (memory == nullptr) return false;
        // Zeroed memory is what a new Slot is; constructing would touch every page.
        ring.store(static_cast<Slot*>(memory), std::memory_order_release);
    }
    followers.fetch_add(1, std::memory_order_acq_rel);
    return true;
}

void remove_follower() noexcept {
    followers.fetch_sub(1, std::memory_order_acq_rel);
}

std::uint64_t event_count() noexcept {
    return next_event.load(std::memory_order_acquire);
}

Reading read_event(std::uint64_t* cursor, wire::EventReply* out) noexcept {
    for (;;) {
        const std::uint64_t written = event_count();
        if (*cursor == written) return Reading::nothing;
        if (written - *cursor > kRingSize) {
            out->lost += written - kRingSize - *cursor;
            *cursor = written - kRingSize;
        }
        const Slot& slot = ring.load(std::memory_order_acquire)[*cursor % kRingSize];
        const std::uint64_t ready = slot.ready.load(std::memory_order_acquire);
        if (ready < *cursor + 1) return Reading::unready;
        if (ready == *cursor + 1) {
            out->time_ns = slot.time_ns;
            out->kind = slot.kind;
            out->how = slot.how;
            out->serial = slot.serial;
            out->tid = slot.tid;
            out->depth = slot.depth;
            std::memcpy(out->path, slot.path, sizeof out->path);
            std::memcpy(out->name, slot.name, sizeof out->name);
            std::atomic_thread_fence(std::memory_order_acquire);
            if (slot.ready.load(std::memory_order_relaxed) == ready) {
                ++*cursor;
                return Reading::event;
            }
        }
        // Overwritten by a writer a whole ring ahead.
        ++out->lost;
        ++*cursor;
    }
}

void skip_event(std::uint64_t* cursor) noexcept {
    ++*cursor;
}

bool ready_to_sleep() noexcept {
    agent_sleeps.store(true, std::memory_order_seq_cst);
    const std::uint64_t now = next_event.load(std::memory_order_seq_cst);
    if (now == seen_before_sleep.exchange(now, std::memory_order_relaxed)) return true;
    agent_sleeps.store(false, std::memory_order_relaxed);
    return false;
}

}  // namespace threadfault::shim
