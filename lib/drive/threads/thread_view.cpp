#include "drive/threads/thread_view.hpp"

#include "base/duration.hpp"
#include "base/fault.hpp"
#include "client/absence.hpp"
#include "drive/threads/outside_threads.hpp"
#include "drive/threads/owners.hpp"
#include "drive/threads/same_calls.hpp"
#include "drive/threads/seen_threads.hpp"
#include "drive/threads/start_name.hpp"
#include "drive/threads/tid_numbers.hpp"
#include "format/format.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace threadfault::drive {
namespace {

// Below this, a second reader costs more than it saves.
constexpr std::size_t kTwoReadersFrom = 128;

class Reader {
public:
    Reader(const observe::Process& process, const Needs& needs)
        : process_(process),
          memory_(process.pid()),
          needs_(needs),
          nested_(process.status_at_opening().ns_pid.size() > 1),
          tids_(process.tids()),
          readings_(tids_.size()) {
        if (needs.waits && needs.calls == nullptr) own_calls_.emplace(process, memory_);
        calls_ = needs.calls != nullptr ? needs.calls : own_calls_ ? &*own_calls_ : nullptr;
        if (needs.seen != nullptr) needs.seen->begin(tids_);
        if (needs.same != nullptr) needs.same->begin(tids_);
    }

    std::vector<SeenThread> read() {
        if (tids_.size() < kTwoReadersFrom) {
            read_share(0, 1);
        } else {
            std::thread other([this] { read_share(1, 2); });
            read_share(0, 2);
            other.join();
        }
        return std::move(readings_);
    }
    bool waits_permitted() const noexcept { return permitted_.load(std::memory_order_relaxed); }

private:
    // Shares interleave, so that neither reader gets all of the busy threads.
    void read_share(std::size_t first, std::size_t step) {
        observe::WaitClassifier waits(memory_, calls_);
        for (std::size_t i = first; i < tids_.size(); i += step)
            read_one(tids_[i], waits, &readings_[i]);
    }

    void read_one(pid_t tid, observe::WaitClassifier& waits, SeenThread* reading) {
        SeenThreads::Entry* const entry = needs_.seen != nullptr ? &needs_.seen->of(tid) : nullptr;
        SameCalls::Entry* const same = needs_.same != nullptr ? &needs_.same->of(tid) : nullptr;
        const SeenThread* const before = entry != nullptr  ? entry->unchanged(process_.pid(), tid)
                                         : same != nullptr ? same->unchanged()
                                                           : nullptr;
        if (before != nullptr) {
            *reading = *before;
            // It waits for the same thing; whose that is may have changed.
            if (reading->wait && reading->syscall)
                reading->wait = waits.classify(*reading->syscall, nested_ ? 0 : tid);
            return;
        }
        read_afresh(tid, waits, same, reading);
        if (entry != nullptr) entry->remember(*reading);
        if (same != nullptr) same->remember(*reading);
    }

    void read_afresh(pid_t tid, observe::WaitClassifier& waits, SameCalls::Entry* same,
                     SeenThread* reading) {
        std::optional<observe::TaskStat> stat = process_.stat(tid);
        if (!stat || stat->is_dead() || stat->is_kernel_worker()) return;
        reading->alive = true;
        reading->stat = std::move(*stat);
        if (needs_.masks) {
            if (const auto status = process_.status(tid)) reading->blocked = status->blocked;
        }
        // A running thread waits for nothing: its syscall file would say "running".
        if (!needs_.waits || reading->stat.state == 'R' || !waits_permitted()) return;
        try {
            reading->syscall = same != nullptr ? same->read(process_, tid) : process_.syscall(tid);
            if (reading->syscall)
                reading->wait = waits.classify(*reading->syscall, nested_ ? 0 : tid);
        } catch (const Error&) {
            permitted_.store(false, std::memory_order_relaxed);
        }
    }

    const observe::Process& process_;
    const observe::Memory memory_;
    const Needs needs_;
    const bool nested_;
    std::optional<observe::CallFacts> own_calls_;
    observe::CallFacts* calls_ = nullptr;
    const std::vector<pid_t> tids_;
    std::vector<SeenThread> readings_;
    std::atomic<bool> permitted_{true};
};

double seconds_of(std::int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) * 1e-9;
}

void add_record(ThreadView* thread, const wire::ThreadRecord& record,
                const client::Connection& connection) {
    thread->inner_tid = record.tid;
    thread->cancel = record.cancel;
    thread->faults = record.faults;
    if (record.hold_left_ns != 0) thread->hold_left = seconds_of(record.hold_left_ns);
    if (record.slow_left_ns != 0) thread->slow_left = seconds_of(record.slow_left_ns);
    if (record.slow_percent != 0) thread->slow_percent = record.slow_percent;
    thread->pthread = record.pthread;
    if (record.flags & wire::kThreadUnregistered) return;
    thread->registered = true;
    thread->serial = record.serial;
    thread->start_address = record.start_routine;
    thread->start_argument = record.start_argument;
    thread->path = path_text(record);
    thread->index = record.index;
    if (record.creator_tid != 0) {
        // A creator that has ended keeps its number.
        const pid_t outer = connection.outer_tid(record.creator_tid);
        thread->creator_tid = outer != 0 ? outer : record.creator_tid;
    }
}

void add_owner(Owner owner, Waiting* waiting) {
    waiting->owner_note = std::move(owner.note);
    if (owner.state == Owner::State::unknown) return;
    waiting->owner_tid = owner.tid;
    waiting->owner_pid = owner.pid;
    waiting->owner_alive = owner.state == Owner::State::alive;
}

// The agent's data takes precedence; only what is missing is filled in. The lists were read after
// /proc: the thread that has the tid now must be the one that /proc showed.
void add_from_outside(const observe::Process& process, TidNumbers& numbers, ThreadList& list) {
    std::unordered_map<pid_t, ThreadView*> missing;
    for (ThreadView& thread : list.threads) {
        if (thread.pthread == 0) missing[thread.tid] = &thread;
    }
    if (missing.empty()) return;
    const auto found = threads_from_outside(process.pid());
    if (found.empty()) return;
    const observe::Maps maps(process);
    for (const auto& [inner, known] : found) {
        const auto entry = missing.find(numbers.outer(inner));
        if (entry == missing.end()) continue;
        ThreadView& thread = *entry->second;
        const auto now = process.stat(thread.tid);
        if (!now || now->start_ticks != thread.start_ticks) continue;
        thread.pthread = known.pthread;
        // A child of fork() keeps the routine of the thread that forked: it is main now. Of a
        // thread that the agent has not met yet the shim's own routine is what libc was given.
        if (thread.main || thread.registered || client::is_in_shim(maps, known.start_address)) {
            continue;
        }
        thread.start_address = known.start_address;
        thread.start_argument = known.start_argument;
    }
}

}  // namespace

std::string object_symbol(observe::Symbols& symbols, std::uint64_t address) {
    const observe::Symbol& symbol = symbols.resolve(address);
    if (symbol.name.empty() || symbol.is_function) return {};
    return observe::to_string(symbol, address);
}

namespace {

std::uint64_t size_of(WaitKind kind) noexcept {
    switch (kind) {
        case WaitKind::mutex:
            return sizeof(pthread_mutex_t);
        case WaitKind::rwlock:
            return sizeof(pthread_rwlock_t);
        case WaitKind::cond:
            return sizeof(pthread_cond_t);
        case WaitKind::sem:
            return sizeof(sem_t);
        case WaitKind::barrier:
            return sizeof(pthread_barrier_t);
        case WaitKind::join:
        case WaitKind::futex:
            break;
    }
    return sizeof(std::uint64_t);
}

}  // namespace

bool is_part(observe::Symbols& symbols, std::uint64_t address, WaitKind kind) {
    const observe::Symbol& symbol = symbols.resolve(address);
    return !symbol.name.empty() && !symbol.is_function &&
           (symbol.offset != 0 || symbol.size > size_of(kind));
}

std::string path_text(const wire::ThreadRecord& record) {
    std::string text = "main";
    const std::uint32_t depth = record.depth;
    const auto kept = std::min<std::uint32_t>(depth, wire::kMaxPathDepth);
    for (std::uint32_t i = 0; i < kept; ++i) {
        if (depth > wire::kMaxPathDepth && i == wire::kMaxPathDepth / 2) text += "/…";
        text += '/';
        text += std::to_string(record.path[i]);
    }
    return text;
}

bool is_same_thread(const wire::ThreadRecord& record, std::uint64_t start_ticks) noexcept {
    if (record.birth_ns == 0) return true;
    // start_ticks is rounded down to 10 ms; a thread registers after the kernel has made it.
    return static_cast<double>(record.birth_ns) * 1e-9 + 0.02 >=
           observe::ticks_to_seconds(start_ticks);
}

namespace {

constexpr std::pair<std::uint32_t, wire::Fault> kInForce[] = {
    {wire::kInForceFreeze, wire::Fault::freeze}, {wire::kInForceSlow, wire::Fault::slow},
    {wire::kInForceDelay, wire::Fault::delay},   {wire::kInForceSpin, wire::Fault::spin},
    {wire::kInForceDemote, wire::Fault::demote}, {wire::kInForceCancel, wire::Fault::cancel},
};

}  // namespace

std::vector<std::string_view> fault_names(std::uint32_t in_force) {
    std::vector<std::string_view> names;
    for (const auto& [bit, fault] : kInForce) {
        if (in_force & bit) names.push_back(base::info(fault).name);
    }
    return names;
}

std::vector<std::string> faults_in_words(const ThreadView& thread) {
    constexpr std::uint32_t kHolds = wire::kInForceFreeze | wire::kInForceDelay;
    std::vector<std::string> all;
    for (const auto& [bit, fault] : kInForce) {
        if ((thread.faults & bit) == 0) continue;
        std::string& words = all.emplace_back(base::info(fault).name);
        const bool slow = fault == wire::Fault::slow;
        if (slow && thread.slow_percent) words += formatted(" {}%", *thread.slow_percent);
        const auto& left = slow ? thread.slow_left : thread.hold_left;
        if ((slow || (bit & kHolds) != 0) && left) words += " " + base::short_duration(*left);
    }
    return all;
}

ThreadList list_threads(const observe::Process& process, client::Connection* connection,
                        const Needs& needs) {
    ThreadList list;
    int signal_number = 0;
    std::unordered_map<pid_t, wire::ThreadRecord> records;
    if (connection != nullptr) {
        const wire::HelloReply hello = connection->hello();
        list.agent_tid = connection->outer_tid(hello.agent_tid);
        signal_number = hello.signal;
        for (const wire::ThreadRecord& record : connection->list()) {
            records[connection->outer_tid(record.tid)] = record;
        }
    }

    Reader reader(process, needs);
    const std::vector<SeenThread> readings = reader.read();
    list.waits_permitted = reader.waits_permitted();
    const double now = observe::boot_seconds();

    std::unordered_set<pid_t> living;
    for (const SeenThread& reading : readings) {
        if (reading.alive) living.insert(reading.stat.tid);
    }
    std::optional<observe::Symbols> symbols;
    if (needs.starts || needs.symbols) symbols.emplace(process);
    std::optional<StartNames> starts;
    if (needs.starts) starts.emplace(process, *symbols);

    TidNumbers numbers(process, connection);
    observe::Sharers own_sharers(process);
    Owners owners(process, connection, numbers,
                  needs.sharers != nullptr ? *needs.sharers : own_sharers, living);
    list.threads.reserve(living.size());
    for (const SeenThread& reading : readings) {
        if (!reading.alive || reading.stat.tid == list.agent_tid) continue;
        ThreadView& thread = list.threads.emplace_back();
        thread.tid = reading.stat.tid;
        thread.name = reading.stat.name;
        thread.state = reading.stat.state;
        thread.main = thread.tid == process.pid();
        thread.cpu_seconds = reading.stat.cpu_seconds();
        thread.age_seconds =
            std::max(0.0, now - observe::ticks_to_seconds(reading.stat.start_ticks));
        thread.start_ticks = reading.stat.start_ticks;
        thread.syscall = reading.syscall;
        if (thread.main) {
            thread.path = "main";
            thread.index = 0;
        }
        const auto record = records.find(thread.tid);
        if (record != records.end() && is_same_thread(record->second, thread.start_ticks)) {
            add_record(&thread, record->second, *connection);
        } else {
            thread.inner_tid =
                connection != nullptr ? connection->inner_tid(thread.tid) : thread.tid;
        }
        // The number comes from the target and is not trusted: a shift beyond the mask is
        // undefined.
        if (reading.blocked && signal_number > 0 && signal_number <= 64) {
            thread.signal_blocked = (*reading.blocked >> (signal_number - 1) & 1) != 0;
        }
        // A held thread is blocked in the wait of the hold itself.
        const bool held = (thread.faults & (wire::kInForceFreeze | wire::kInForceDelay)) != 0;
        if (held) thread.syscall.reset();
        if (reading.wait && !held) {
            Waiting& waiting = thread.waiting.emplace();
            waiting.kind = reading.wait->kind;
            waiting.address = reading.wait->address;
            waiting.timed = reading.wait->timed;
            waiting.call = reading.wait->call;
            waiting.owner_dead = reading.wait->owner_dead;
            if (reading.wait->owner_tid) add_owner(owners.of(*reading.wait), &waiting);
            waiting.symbol = reading.wait->name;
            waiting.stream = !waiting.symbol.empty();
            if (needs.symbols && waiting.symbol.empty()) {
                waiting.symbol = object_symbol(*symbols, waiting.address);
                waiting.part = is_part(*symbols, waiting.address, waiting.kind);
            }
        }
    }
    if (needs.outside) add_from_outside(process, numbers, list);
    if (starts) {
        for (ThreadView& thread : list.threads) {
            if (thread.start_address == 0) continue;
            thread.start = starts->name(thread.start_address, thread.start_argument);
        }
    }
    const auto order = [](const ThreadView& thread) {
        return std::tuple(!thread.main, !thread.index.has_value(), thread.index.value_or(0),
                          thread.start_ticks, thread.tid);
    };
    std::sort(list.threads.begin(), list.threads.end(),
              [&](const ThreadView& a, const ThreadView& b) { return order(a) < order(b); });
    return list;
}

}  // namespace threadfault::drive
