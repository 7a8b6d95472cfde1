// The registry's reading side. Async-signal-safe: loads only.
#include "execute/syscalls.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/registry/registry.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

// Threads are mostly asked for in the order of the list: the next one is mostly
// the one behind the last.
constinit std::atomic<std::uint32_t> last_found{1};

bool is_living(const Record& record) noexcept {
    const Life life = record.life.load(std::memory_order_acquire);
    return life == Life::alive || life == Life::ending;
}

std::int64_t left(std::int64_t until) noexcept {
    if (until == execute::kNever) return 0;
    const std::int64_t remains = until - execute::monotonic_ns();
    return remains > 0 ? remains : 1;
}

// The clock is asked only of those on whom something is in force.
void tell_what_remains(const Record& record, wire::ThreadRecord* out) noexcept {
    constexpr std::uint32_t kHeld = wire::kInForceFreeze | wire::kInForceDelay;
    out->hold_left_ns = (out->faults & kHeld) != 0 ? left(record.hold_until) : 0;
    const bool slow = (out->faults & wire::kInForceSlow) != 0;
    out->slow_left_ns = slow ? left(record.slow_until) : 0;
    out->slow_percent = slow ? std::uint32_t{record.slow_percent} : 0;
}

}  // namespace

bool copy_record(const Record& record, wire::ThreadRecord* out) noexcept {
    const std::uint32_t version = record.version.load(std::memory_order_acquire);
    if ((version & 1) != 0 || !is_living(record)) return false;
    out->serial = record.serial.load(std::memory_order_relaxed);
    out->pthread = record.thread.load(std::memory_order_relaxed);
    out->start_routine = reinterpret_cast<std::uint64_t>(static_cast<void*>(record.start_routine));
    out->start_argument = reinterpret_cast<std::uint64_t>(static_cast<void*>(record.argument));
    out->birth_ns = record.birth_ns;
    out->tid = record.tid.load(std::memory_order_relaxed);
    out->creator_tid = record.creator_tid;
    out->index = record.index;
    out->flags =
        (record.is_main ? wire::kThreadMain : 0) | (record.detached ? wire::kThreadDetached : 0);
    out->faults = record.faults.load(std::memory_order_relaxed);
    tell_what_remains(record, out);
    out->depth = record.depth;
    load_path(record, out->path);
    load_name(record, out->name);
    finish_reading(record.version);
    return record.version.load(std::memory_order_relaxed) == version && out->serial != 0;
}

Record* find_record(pid_t tid, std::uint64_t serial) noexcept {
    const std::uint32_t limit = record_limit();
    std::uint32_t id = last_found.load(std::memory_order_relaxed);
    for (std::uint32_t looked = 1; looked < limit; ++looked, ++id) {
        if (id >= limit) id = 1;
        Record* const record = record_at(id);
        if (record == nullptr || record->tid.load(std::memory_order_relaxed) != tid) continue;
        if (!is_living(*record)) continue;
        if (serial == 0 || record->serial.load(std::memory_order_relaxed) == serial) {
            last_found.store(id, std::memory_order_relaxed);
            return record;
        }
    }
    return nullptr;
}

Record* find_record_of(pthread_t thread) noexcept {
    const std::uint32_t limit = record_limit();
    for (std::uint32_t id = 1; id < limit; ++id) {
        Record* const record = record_at(id);
        // One that is not quite born yet may be named, too.
        if (record != nullptr && record->thread.load(std::memory_order_relaxed) == thread &&
            record->life.load(std::memory_order_acquire) != Life::free) {
            return record;
        }
    }
    return nullptr;
}

void load_path(const Record& record, std::uint32_t out[wire::kMaxPathDepth]) noexcept {
    for (std::size_t i = 0; i < wire::kMaxPathDepth; ++i)
        out[i] = record.path[i];
}

void store_name(Record* record, const char* name) noexcept {
    char padded[wire::kThreadNameSize] = {};
    for (std::size_t i = 0; i + 1 < sizeof padded && name[i] != '\0'; ++i)
        padded[i] = name[i];
    std::uint64_t words[2];
    std::memcpy(words, padded, sizeof words);
    record->name[0].store(words[0], std::memory_order_relaxed);
    record->name[1].store(words[1], std::memory_order_relaxed);
}

void load_name(const Record& record, char out[wire::kThreadNameSize]) noexcept {
    const std::uint64_t words[2] = {record.name[0].load(std::memory_order_relaxed),
                                    record.name[1].load(std::memory_order_relaxed)};
    std::memcpy(out, words, sizeof words);
}

}  // namespace threadfault::shim
