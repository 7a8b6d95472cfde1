// Faults that outlast their request and must be kept up or undone: slow,
// demote. Used by the helper thread only.
#ifndef THREADFAULT_PRELOAD_KEEPER_HPP
#define THREADFAULT_PRELOAD_KEEPER_HPP

#include "execute/core.hpp"
#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

#include <sys/types.h>

#include <cstdint>

namespace threadfault::shim {

class Keeper {
public:
    // The victim has just shown that it hears us. False: too many threads are slow already.
    bool slow(Record* record, const wire::FaultRequest& request) noexcept;

    // Changes the thread's scheduling, and back after request.duration_ns unless that is 0. Needs
    // nothing of the victim: one that libc made has no record (nullptr).
    wire::Reason demote(Record* record, const wire::FaultRequest& request) noexcept;

    // Undoes whatever is kept for that thread. A demotion that the target may not undo stays.
    enum class Undone : std::uint8_t { nothing, all, not_all };
    Undone undo(const Record* record, pid_t tid) noexcept;

    // Threads without a record that are demoted, at most `most`; only that one if `tid` isn't 0.
    // Returns how many.
    unsigned list_unregistered(wire::ThreadRecord* out, unsigned most, pid_t tid) const noexcept;

    // Takes the steps that are due; next_look() (CLOCK_MONOTONIC, nanoseconds; kNever) says when to
    // come again.
    void advance(std::int64_t now) noexcept;
    std::int64_t next_look() const noexcept;

    // The helper is about to retire.
    void undo_all() noexcept;

private:
    enum class Kind : std::uint8_t { none, slow, demote };

    struct Scheduling {
        int nice = 0;
        int policy = 0;
        int priority = 0;
        std::uint64_t cpus[wire::kCpuWords] = {};
    };

    struct Entry {
        Kind kind = Kind::none;
        Record* record = nullptr;  // nullptr: libc made the thread, and tid and start name it
        std::uint64_t serial = 0;
        pid_t tid = 0;
        std::uint64_t start_ticks = 0;
        std::int64_t until_ns = 0;
        std::int64_t next_ns = 0;
        // slow
        std::uint32_t percent = 0;
        std::int64_t since_ns = 0;      // the account begins here,
        std::int64_t cpu_since_ns = 0;  // with this much CPU time used
        execute::Ticket ticket{};
        bool stopping = false;  // the ticket is out
        std::int64_t hold_ns = 0;
        // demote
        std::uint32_t changed = 0;
        Scheduling before{};
    };

    static bool is_current(const Entry& entry) noexcept;
    static bool is_for(const Entry& entry, const Record* record, pid_t tid) noexcept;
    static std::int64_t due(const Entry& entry) noexcept;
    static void stop_for_a_while(void* entry, void* context);
    static wire::Reason change(Entry& entry, const wire::FaultRequest& request) noexcept;
    static bool restore(const Entry& entry) noexcept;
    Entry* entry_for(Kind kind, Record* record, pid_t tid) noexcept;
    void balance(Entry& entry, std::int64_t now) noexcept;
    void end(Entry& entry) noexcept;
    bool drop(Entry& entry) noexcept;

    static constexpr unsigned kMaxEntries = 1024;
    Entry entries_[kMaxEntries];
    unsigned used_ = 0;  // entries from here on were never used
};

extern Keeper keeper;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_KEEPER_HPP
