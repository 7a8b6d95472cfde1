#include "preload/agent/keeper.hpp"

#include "execute/syscalls.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/agent/stack_room.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"
#include "preload/faults/hold.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <cstring>

namespace threadfault::shim {

// Static: a victim's handler may still look at its entry when the helper has retired.
constinit Keeper keeper{};

namespace {

using execute::sys_call;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kPeriod = 5 * kMillisecond;
// A thread that has used this much more than its share is stopped; less would interrupt it more
// often than a time slice does.
constexpr std::int64_t kDebtToStop = 2 * kMillisecond;
constexpr std::int64_t kLongestStop = 500 * kMillisecond;

// MAKE_THREAD_CPUCLOCK of the kernel's posix-timers.h: the CPU clock of any thread of the process.
clockid_t cpu_clock_of(pid_t tid) noexcept {
    constexpr unsigned kPerThread = 4;
    constexpr unsigned kSchedClock = 2;
    return static_cast<clockid_t>(~static_cast<unsigned>(tid) << 3 | kPerThread | kSchedClock);
}

// Negative: the thread has ended.
std::int64_t cpu_ns_of(pid_t tid) noexcept {
    timespec used{};
    if (sys_call(SYS_clock_gettime, cpu_clock_of(tid), &used) != 0) return -1;
    return static_cast<std::int64_t>(used.tv_sec) * execute::kNanosecondsPerSecond + used.tv_nsec;
}

}  // namespace

bool Keeper::is_current(const Entry& entry) noexcept {
    if (entry.record == nullptr) return task_start(entry.tid) == entry.start_ticks;
    return entry.record->serial.load(std::memory_order_acquire) == entry.serial;
}

bool Keeper::is_for(const Entry& entry, const Record* record, pid_t tid) noexcept {
    return entry.record == record && (record != nullptr || entry.tid == tid);
}

Keeper::Entry* Keeper::entry_for(Kind kind, Record* record, pid_t tid) noexcept {
    Entry* unused = nullptr;
    for (unsigned i = 0; i < used_; ++i) {
        Entry& entry = entries_[i];
        if (entry.kind == Kind::none && !entry.stopping) {
            unused = &entry;
        } else if (entry.kind == kind && is_for(entry, record, tid) && is_current(entry)) {
            return &entry;
        }
    }
    if (unused == nullptr && used_ < kMaxEntries) unused = &entries_[used_++];
    if (unused != nullptr) *unused = Entry{};
    return unused;
}

bool Keeper::slow(Record* record, const wire::FaultRequest& request) noexcept {
    Entry* const entry = entry_for(Kind::slow, record, request.tid);
    if (entry == nullptr) return false;
    const std::int64_t now = execute::monotonic_ns();
    entry->kind = Kind::slow;
    entry->record = record;
    entry->serial = record->serial.load(std::memory_order_relaxed);
    entry->tid = request.tid;
    entry->percent = request.percent;
    entry->since_ns = now;
    entry->cpu_since_ns = cpu_ns_of(request.tid);
    entry->until_ns = request.duration_ns > 0 ? now + request.duration_ns : execute::kNever;
    entry->next_ns = now + kPeriod;
    record->slow_percent = request.percent;
    record->slow_until = entry->until_ns;
    record->faults.fetch_or(wire::kInForceSlow, std::memory_order_relaxed);
    return true;
}

// On the victim, in the handler. Async-signal-safe: a futex wait.
void Keeper::stop_for_a_while(void* argument, void* context) {
    const auto* const entry = static_cast<const Entry*>(argument);
    if (self() == nullptr) return;
    const Hold hold(wire::Fault::slow, entry->hold_ns, context);
    hold.last();
    execute::let_nothing_in();
}

// CPU time used beyond the share is a debt, and standing still pays it back. Time that the thread
// did not want to run in is not credited: it would be spent in a burst.
void Keeper::balance(Entry& entry, std::int64_t now) noexcept {
    const std::int64_t cpu = cpu_ns_of(entry.tid);
    if (cpu < 0) return end(entry);
    entry.next_ns = now + kPeriod;
    const std::int64_t share = (now - entry.since_ns) / 100 * entry.percent;
    const std::int64_t debt = cpu - entry.cpu_since_ns - share;
    if (debt < 0) {
        entry.since_ns = now;
        entry.cpu_since_ns = cpu;
        return;
    }
    if (debt < kDebtToStop || entry.stopping) return;
    const std::int64_t needed = debt / entry.percent * 100;
    entry.hold_ns = needed < kLongestStop ? needed : kLongestStop;
    const SendPermit permit;
    if (!permit || !execute::handler_in_place()) return;
    // Too deep just now: it runs on until it comes back from there, and owes the time.
    if (!stack_room_for(wire::Fault::slow, true, entry.tid, entry.record).enough) return;
    entry.stopping = execute::post(shim_pid(), entry.tid, stop_for_a_while, &entry,
                                   &entry.ticket) == execute::Post::posted;
    // Looked at again when it is over, or a little later when it could not begin at once.
    if (entry.stopping) entry.next_ns = now + entry.hold_ns;
}

wire::Reason Keeper::change(Entry& entry, const wire::FaultRequest& request) noexcept {
    Scheduling& before = entry.before;
    // The system call answers 20 - nice.
    const long priority = sys_call(SYS_getpriority, PRIO_PROCESS, entry.tid);
    sched_param parameters{};
    const long policy = sys_call(SYS_sched_getscheduler, entry.tid);
    const long asked = sys_call(SYS_sched_getparam, entry.tid, &parameters);
    const long affinity =
        sys_call(SYS_sched_getaffinity, entry.tid, sizeof before.cpus, before.cpus);
    if (priority < 0 || policy < 0 || asked != 0 || affinity < 0) return wire::Reason::seccomp;
    before.nice = 20 - static_cast<int>(priority);
    before.policy = static_cast<int>(policy);
    before.priority = parameters.sched_priority;

    long result = 0;
    if (result == 0 && (request.flags & wire::kDemoteCpus) != 0) {
        result = sys_call(SYS_sched_setaffinity, entry.tid, sizeof request.cpus, request.cpus);
        if (result == 0) entry.changed |= wire::kDemoteCpus;
    }
    if (result == 0 && (request.flags & wire::kDemoteIdle) != 0) {
        const sched_param none{};
        result = sys_call(SYS_sched_setscheduler, entry.tid, SCHED_IDLE, &none);
        if (result == 0) entry.changed |= wire::kDemoteIdle;
    }
    if (result == 0 && (request.flags & wire::kDemoteNice) != 0) {
        result = sys_call(SYS_setpriority, PRIO_PROCESS, entry.tid, request.nice);
        if (result == 0) entry.changed |= wire::kDemoteNice;
    }
    if (result == 0) return wire::Reason::none;
    restore(entry);
    return wire::Reason::not_permitted;
}

// True: everything is as it was before.
bool Keeper::restore(const Entry& entry) noexcept {
    const Scheduling& before = entry.before;
    bool restored = true;
    if ((entry.changed & wire::kDemoteNice) != 0) {
        restored &= sys_call(SYS_setpriority, PRIO_PROCESS, entry.tid, before.nice) == 0;
    }
    if ((entry.changed & wire::kDemoteIdle) != 0) {
        const sched_param parameters{before.priority};
        restored &= sys_call(SYS_sched_setscheduler, entry.tid, before.policy, &parameters) == 0;
    }
    if ((entry.changed & wire::kDemoteCpus) != 0) {
        restored &=
            sys_call(SYS_sched_setaffinity, entry.tid, sizeof before.cpus, before.cpus) == 0;
    }
    return restored;
}

wire::Reason Keeper::demote(Record* record, const wire::FaultRequest& request) noexcept {
    for (unsigned i = 0; i < used_; ++i) {
        Entry& former = entries_[i];
        if (former.kind == Kind::demote && is_for(former, record, request.tid)) end(former);
    }
    Entry* const entry = entry_for(Kind::demote, record, request.tid);
    if (entry == nullptr) return wire::Reason::queue_full;
    entry->record = record;
    entry->tid = request.tid;
    if (record != nullptr) {
        entry->serial = record->serial.load(std::memory_order_relaxed);
    } else {
        entry->start_ticks = task_start(request.tid);
    }
    const wire::Reason reason = change(*entry, request);
    if (reason != wire::Reason::none) return reason;
    entry->kind = Kind::demote;
    entry->until_ns =
        request.duration_ns > 0 ? execute::monotonic_ns() + request.duration_ns : execute::kNever;
    entry->next_ns = entry->until_ns;
    if (record != nullptr) record->faults.fetch_or(wire::kInForceDemote, std::memory_order_relaxed);
    return wire::Reason::none;
}

void Keeper::end(Entry& entry) noexcept {
    if (entry.kind == Kind::none) return;
    const bool slow = entry.kind == Kind::slow;
    if (is_current(entry)) {
        if (!slow) restore(entry);
        const std::uint32_t flag = slow ? wire::kInForceSlow : wire::kInForceDemote;
        if (entry.record != nullptr) {
            entry.record->faults.fetch_and(~flag, std::memory_order_relaxed);
        }
    }
    entry.kind = Kind::none;
    // The victim may still look at the entry: it is not used again before drop() says so.
    if (entry.stopping && !drop(entry)) entry.next_ns = execute::monotonic_ns() + kPeriod;
}

// True: the victim no longer reads the entry.
bool Keeper::drop(Entry& entry) noexcept {
    switch (execute::look(entry.ticket)) {
        case execute::Phase::done:
            execute::release(entry.ticket);
            break;
        case execute::Phase::posted:
            if (is_current(entry) && entry.kind != Kind::none) return false;
            if (!execute::revoke(entry.ticket)) return false;
            break;
        case execute::Phase::running:
            if (is_current(entry)) return false;
            execute::abandon(entry.ticket);
            break;
        case execute::Phase::stale:
            break;
    }
    entry.stopping = false;
    return true;
}

unsigned Keeper::list_unregistered(wire::ThreadRecord* out, unsigned most,
                                   pid_t tid) const noexcept {
    unsigned count = 0;
    for (unsigned i = 0; i < used_ && count < most; ++i) {
        const Entry& entry = entries_[i];
        if (entry.kind != Kind::demote || entry.record != nullptr) continue;
        if ((tid != 0 && tid != entry.tid) || !is_current(entry)) continue;
        wire::ThreadRecord& record = out[count++];
        record = {};
        record.tid = entry.tid;
        record.flags = wire::kThreadUnregistered;
        record.faults = wire::kInForceDemote;
    }
    return count;
}

Keeper::Undone Keeper::undo(const Record* record, pid_t tid) noexcept {
    Undone undone = Undone::nothing;
    for (unsigned i = 0; i < used_; ++i) {
        Entry& entry = entries_[i];
        if (entry.kind == Kind::none || !is_for(entry, record, tid) || !is_current(entry)) continue;
        if (entry.kind == Kind::demote && !restore(entry)) {
            undone = Undone::not_all;
            continue;
        }
        end(entry);
        if (undone == Undone::nothing) undone = Undone::all;
    }
    return undone;
}

std::int64_t Keeper::due(const Entry& entry) noexcept {
    if (entry.kind == Kind::none) return entry.stopping ? entry.next_ns : execute::kNever;
    // Its end may come in the middle of a stop, which is not waited for.
    const bool ends_first = entry.until_ns < entry.next_ns && !entry.stopping;
    return ends_first ? entry.until_ns : entry.next_ns;
}

void Keeper::advance(std::int64_t now) noexcept {
    for (unsigned i = 0; i < used_; ++i) {
        Entry& entry = entries_[i];
        if (now < due(entry)) continue;
        if (entry.stopping && !drop(entry)) {
            entry.next_ns = now + kPeriod;
            continue;
        }
        if (entry.kind == Kind::none) continue;
        if (!is_current(entry) || now >= entry.until_ns) {
            end(entry);
        } else if (entry.kind == Kind::slow) {
            balance(entry, now);
        }
    }
}

std::int64_t Keeper::next_look() const noexcept {
    std::int64_t next = execute::kNever;
    for (unsigned i = 0; i < used_; ++i) {
        if (due(entries_[i]) < next) next = due(entries_[i]);
    }
    return next;
}

void Keeper::undo_all() noexcept {
    for (unsigned i = 0; i < used_; ++i)
        end(entries_[i]);
}

}  // namespace threadfault::shim
