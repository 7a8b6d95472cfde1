#include "preload/registry/storage.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/own_memory.hpp"

#include <errno.h>

namespace threadfault::shim {

namespace {

constexpr std::uint32_t kSlabBits = 8;
constexpr std::uint32_t kSlabRecords = 1U << kSlabBits;
constexpr std::uint32_t kMaxSlabs = 1024;  // 262,144 threads at once; the rest have no record
constexpr std::size_t kSlabBytes = kSlabRecords * sizeof(Record);

constinit std::atomic<Record*> slabs[kMaxSlabs]{};
constinit std::atomic<std::uint32_t> next_fresh{1};  // ids from here on were never used; 0 is none
constinit std::atomic<std::uint32_t> in_use{0};

// The free list: id of the first, and a tag that every pop and push increases, so that a pop can't
// mistake a list that came back to the same head for the one that it looked at.
constinit std::atomic<std::uint64_t> free_head{0};

std::uint64_t head_of(std::uint64_t tag, std::uint32_t id) noexcept {
    return tag << 32 | id;
}

// Of an id that was given out: its slab is there.
Record* given(std::uint32_t id) noexcept {
    Record* const slab = slabs[id >> kSlabBits].load(std::memory_order_acquire);
    return &slab[id & (kSlabRecords - 1)];
}

void push(Record* record) noexcept {
    std::uint64_t head = free_head.load(std::memory_order_relaxed);
    do {
        record->next_free.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    } while (!free_head.compare_exchange_weak(head, head_of((head >> 32) + 1, record->id),
                                              std::memory_order_acq_rel,
                                              std::memory_order_relaxed));
}

Record* pop() noexcept {
    std::uint64_t head = free_head.load(std::memory_order_acquire);
    for (;;) {
        const auto id = static_cast<std::uint32_t>(head);
        if (id == 0) return nullptr;
        Record* const record = given(id);
        const std::uint32_t next = record->next_free.load(std::memory_order_relaxed);
        if (free_head.compare_exchange_weak(head, head_of((head >> 32) + 1, next),
                                            std::memory_order_acq_rel, std::memory_order_acquire)) {
            return record;
        }
    }
}

bool have_slab(std::uint32_t slab) noexcept {
    if (slab >= kMaxSlabs) return false;
    if (slabs[slab].load(std::memory_order_acquire) != nullptr) return true;
    void* const memory = map_memory(kSlabBytes);
    if (memory == nullptr) return false;
    Record* none = nullptr;
    if (!slabs[slab].compare_exchange_strong(none, static_cast<Record*>(memory),
                                             std::memory_order_acq_rel)) {
        unmap_memory(memory, kSlabBytes);
    }
    return true;
}

// A record that was never used: only then is its page touched.
Record* fresh() noexcept {
    std::uint32_t id = next_fresh.load(std::memory_order_relaxed);
    do {
        if (!have_slab(id >> kSlabBits)) return nullptr;
    } while (!next_fresh.compare_exchange_weak(id, id + 1, std::memory_order_acq_rel));
    // Zeroed memory is what a new Record is. Constructing it would be a race with those who look:
    // its id is among theirs already.
    Record* const record = given(id);
    record->id = id;
    return record;
}

}  // namespace

Record* take_record() noexcept {
    const int kept = errno;
    Record* record = pop();
    if (record == nullptr) record = fresh();
    errno = kept;
    if (record != nullptr) in_use.fetch_add(1, std::memory_order_relaxed);
    return record;
}

void give_record(Record* record) noexcept {
    in_use.fetch_sub(1, std::memory_order_relaxed);
    push(record);
}

std::uint32_t records_in_use() noexcept {
    return in_use.load(std::memory_order_relaxed);
}

std::uint32_t record_limit() noexcept {
    return next_fresh.load(std::memory_order_acquire);
}

Record* record_at(std::uint32_t id) noexcept {
    Record* const slab = slabs[id >> kSlabBits].load(std::memory_order_acquire);
    return slab == nullptr ? nullptr : &slab[id & (kSlabRecords - 1)];
}

Record* record_from(const void* address) noexcept {
    for (const auto& slab : slabs) {
        Record* const first = slab.load(std::memory_order_acquire);
        if (first == nullptr) return nullptr;  // they are mapped in order
        if (address < first || address >= first + kSlabRecords) continue;
        auto* const record = const_cast<Record*>(static_cast<const Record*>(address));
        const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) -
                                                     reinterpret_cast<const char*>(first));
        return offset % sizeof(Record) == 0 ? record : nullptr;
    }
    return nullptr;
}

void free_records_of_the_living_but(const Record* kept, bool interrupted) noexcept {
    // A fork may have copied us in the middle of anything: the list is made anew.
    // The tag goes on, so that a pop that the fork interrupted finds its head changed.
    free_head.store(head_of((free_head.load(std::memory_order_relaxed) >> 32) + 1, 0),
                    std::memory_order_relaxed);
    std::uint32_t used = kept != nullptr ? 1 : 0;
    const std::uint32_t limit = record_limit();
    for (std::uint32_t id = 1; id < limit; ++id) {
        Record* const record = record_at(id);
        // No id: its thread had not finished constructing it.
        if (record == nullptr || record == kept || record->id != id) continue;
        if (record->life.load(std::memory_order_relaxed) == Life::born) {
            ++used;
            continue;
        }
        record->life.store(Life::free, std::memory_order_relaxed);
        if (!interrupted) push(record);
    }
    in_use.store(used, std::memory_order_relaxed);
}

}  // namespace threadfault::shim
