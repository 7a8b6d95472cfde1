#include "drive/locks/lock_graph.hpp"

#include "base/rights.hpp"
#include "drive/locks/fate.hpp"
#include "drive/locks/lock_places.hpp"
#include "drive/threads/same_calls.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "observe/channels.hpp"
#include "observe/maps.hpp"
#include "observe/memory.hpp"
#include "observe/sharers.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>

namespace threadfault::drive {
namespace {

using Views = std::unordered_map<pid_t, const ThreadView*>;

Views by_tid(const ThreadList& list) {
    Views views;
    for (const ThreadView& thread : list.threads)
        views[thread.tid] = &thread;
    return views;
}

bool same_wait(const ThreadView& before, const ThreadView& now) {
    return before.start_ticks == now.start_ticks && before.waiting && now.waiting &&
           before.waiting->kind == now.waiting->kind &&
           before.waiting->address == now.waiting->address &&
           before.waiting->owner_tid == now.waiting->owner_tid &&
           before.waiting->owner_dead == now.waiting->owner_dead &&
           before.waiting->owner_pid == now.waiting->owner_pid &&
           before.waiting->owner_alive == now.waiting->owner_alive;
}

bool same_call(const ThreadView& before, const ThreadView& now) {
    return before.start_ticks == now.start_ticks && before.syscall && now.syscall &&
           !now.syscall->running && before.syscall->number == now.syscall->number &&
           before.syscall->stack_pointer == now.syscall->stack_pointer &&
           std::equal(std::begin(before.syscall->arguments), std::end(before.syscall->arguments),
                      now.syscall->arguments);
}

void tell_fate(LockOwner* owner, const Fate& fate) {
    owner->name = fate.name;
    owner->end = fate.how;
    owner->ended_ago = fate.ago;
    owner->fate = fate.text;
}

// One of the processes.
struct ProcessLook {
    explicit ProcessLook(const LookedAt& at)
        : process(*at.process),
          connection(at.connection),
          memory(process.pid()),
          calls(process, memory),
          sharers(process),
          channels(process, memory) {}

    ThreadList threads(bool symbols) {
        return list_threads(process, connection,
                            {.waits = true,
                             .symbols = symbols,
                             .calls = &calls,
                             .sharers = &sharers,
                             .same = &same_calls});
    }

    const observe::Process& process;
    client::Connection* connection;
    const observe::Memory memory;
    observe::CallFacts calls;
    observe::Sharers sharers;
    observe::Channels channels;
    SameCalls same_calls;
    ThreadList list;
};

// An object, however many processes have it at whatever addresses.
struct ObjectKey {
    observe::SharedPlace place;
    pid_t pid = 0;  // of the only process that has it
    std::uint64_t address = 0;
    WaitKind kind{};
    auto operator<=>(const ObjectKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

class Search {
public:
    explicit Search(const std::vector<LookedAt>& processes) {
        for (const LookedAt& at : processes)
            looks_.push_back(std::make_unique<ProcessLook>(at));
    }

    LockGraph run() {
        std::vector<ThreadList> before;
        for (const auto& look : looks_)
            before.push_back(look->threads(false));
        for (std::size_t i = 0; i < looks_.size(); ++i)
            compare(before[i], *looks_[i]);
        for (const auto& look : looks_)
            collect(*look);
        find_dead_waiters();
        find_cycles();
        find_stuck();
        order();
        return std::move(graph_);
    }

    // As the first process's threads were seen; after run().
    ThreadList take_threads() { return std::move(looks_.front()->list); }

private:
    struct Wait {
        const ThreadView* thread = nullptr;
        ProcessLook* look = nullptr;
        const Waiting* operator->() const { return &*thread->waiting; }
    };

    // Between processes they are not followed.
    void add_channel(ProcessLook& look, const ThreadView& thread) {
        const observe::Reach reach = look.channels.reach(thread.tid, *thread.syscall);
        if (reach == observe::Reach::outside) return;
        graph_.channels.push_back(
            {thread.tid, syscall_text(*thread.syscall), reach == observe::Reach::inside});
    }

    void compare(const ThreadList& before, ProcessLook& look) {
        look.list = look.threads(true);
        if (!look.list.waits_permitted) {
            throw Error(ErrorCode::not_permitted,
                        formatted("what the threads of process {} wait for can't be read",
                                  look.process.pid()),
                        std::string(base::advice_on_rights()));
        }
        const Views earlier = by_tid(before);
        for (const ThreadView& thread : look.list.threads) {
            graph_.names[thread.tid] = thread.name;
            if (looks_.size() > 1) graph_.processes[thread.tid] = look.process.pid();
            const auto was = earlier.find(thread.tid);
            if (was != earlier.end() && same_wait(*was->second, thread)) {
                waits_[thread.tid] = {&thread, &look};
            } else if (!thread.waiting && was != earlier.end() && same_call(*was->second, thread)) {
                add_channel(look, thread);
            }
        }
    }

    void collect(ProcessLook& look) {
        observe::Symbols symbols(look.process);
        LockPlaces places(symbols, look.list);
        Fates fates(look.process, look.connection, symbols);
        for (const ThreadView& thread : look.list.threads) {
            if (!waits_.contains(thread.tid)) continue;
            const Waiting& wait = *thread.waiting;
            const observe::Sharing& sharing = look.sharers.of(wait.address);
            ObjectKey key;
            key.kind = wait.kind;
            if (sharing.place) {
                key.place = *sharing.place;
            } else {
                key.pid = look.process.pid();
                key.address = wait.address;
            }
            const auto [entry, fresh] = known_.try_emplace(key, graph_.locks.size());
            if (fresh) {
                Lock& lock = graph_.locks.emplace_back();
                lock.kind = wait.kind;
                lock.pid = look.process.pid();
                lock.address = wait.address;
                lock.symbol = wait.symbol;
                lock.stream = wait.stream;
                lock.call = wait.call;
                lock.location = places.of(wait.address);
                lock.note = wait.owner_note;
                if (wait.owner_tid || wait.owner_dead) lock.owner = owner_of(wait, look, fates);
                lock.orphaned = lock.owner && !lock.owner->alive && is_lock(wait.kind);
                add_others(sharing, look, &lock);
            }
            graph_.locks[entry->second].waiters.push_back(thread.tid);
        }
    }

    bool is_looked_at(pid_t pid) const {
        return std::any_of(looks_.begin(), looks_.end(),
                           [pid](const auto& look) { return look->process.pid() == pid; });
    }

    // A thread's end is nobody's to give but its own.
    void add_others(const observe::Sharing& sharing, ProcessLook& look, Lock* lock) const {
        lock->shared = sharing.place.has_value();
        if (lock->kind == WaitKind::join) return;
        lock->closed = sharing.complete;
        lock->others = sharing.others;
        const std::vector<pid_t>& siblings = look.sharers.siblings();
        lock->others.insert(lock->others.end(), siblings.begin(), siblings.end());
        std::erase_if(lock->others, [this](pid_t pid) { return is_looked_at(pid); });
        std::sort(lock->others.begin(), lock->others.end());
        lock->others.erase(std::unique(lock->others.begin(), lock->others.end()),
                           lock->others.end());
    }

    // pthread_cond_signal and _broadcast wait until each waiter of the older group has left it, and
    // pthread_cond_destroy for all of them: one that vanished never does. A living one is about to
    // leave, unless it is held.
    void find_dead_waiters() {
        constexpr std::chrono::milliseconds kTimeToLeave{30};
        constexpr std::uint64_t kSize = 48;  // sizeof(pthread_cond_t)
        std::vector<std::pair<Lock*, pid_t>> suspects;
        for (Lock& lock : graph_.locks) {
            if (lock.kind != WaitKind::cond) continue;
            const auto suspect =
                std::find_if(lock.waiters.begin(), lock.waiters.end(),
                             [this](pid_t tid) { return waits_for_waiters(waits_.at(tid)); });
            if (suspect != lock.waiters.end()) suspects.emplace_back(&lock, *suspect);
        }
        if (suspects.empty()) return;
        std::vector<std::uint64_t> switches;
        switches.reserve(suspects.size());
        for (const auto& [lock, tid] : suspects)
            switches.push_back(switches_of(tid));
        std::this_thread::sleep_for(kTimeToLeave);
        for (std::size_t i = 0; i < suspects.size(); ++i) {
            const auto& [lock, tid] = suspects[i];
            const Wait& wait = waits_.at(tid);
            if (switches_of(tid) != switches[i] || holds_somebody(*wait.look)) continue;
            observe::Symbols symbols(wait.look->process);
            Fates fates(wait.look->process, wait.look->connection, symbols);
            const Fate fate = fates.of_sleeper(wait->address, wait->address + kSize);
            if (fate.tid == 0) continue;
            lock->dead_waiter = true;
            lock->orphaned = true;
            lock->call = wait->call;
            lock->owner.emplace();
            lock->owner->tid = fate.tid;
            tell_fate(&*lock->owner, fate);
        }
    }

    static bool waits_for_waiters(const Wait& wait) {
        return wait->call == "pthread_cond_signal" || wait->call == "pthread_cond_broadcast" ||
               wait->call == "pthread_cond_destroy";
    }

    std::uint64_t switches_of(pid_t tid) const {
        const auto status = waits_.at(tid).look->process.status(tid);
        return status ? status->voluntary_switches + status->involuntary_switches : 0;
    }

    static bool holds_somebody(const ProcessLook& look) {
        return std::any_of(
            look.list.threads.begin(), look.list.threads.end(), [](const ThreadView& thread) {
                return thread.faults != 0 || thread.state == 'T' || thread.state == 't';
            });
    }

    static bool is_lock(WaitKind kind) { return kind != WaitKind::join; }

    LockOwner owner_of(const Waiting& wait, const ProcessLook& look, Fates& fates) const {
        LockOwner owner;
        if (!wait.owner_tid) {
            // The lock of a FILE has its owner's pthread_t (_IO_lock_t).
            constexpr std::uint64_t kOwner = 8;
            const observe::Memory memory(look.process.pid());
            const auto pthread = memory.read<std::uint64_t>(wait.address + kOwner).value_or(0);
            const Fate fate = pthread != 0 ? fates.of_sleeper(pthread, pthread + 1) : Fate{};
            owner.tid = fate.tid;
            tell_fate(&owner, fate);
            return owner;
        }
        owner.tid = *wait.owner_tid;
        owner.alive = wait.owner_alive;
        owner.pid = wait.owner_pid;
        if (owner.pid != 0) {
            try {
                const observe::Process other(owner.pid);
                owner.command = other.command();
                owner.name = other.name(owner.tid).value_or("");
            } catch (const Error&) {  // it has just ended
            }
            return owner;
        }
        const auto name = graph_.names.find(owner.tid);
        if (owner.alive) {
            // A name that was not present before: threads are still starting.
            owner.name = name != graph_.names.end() ? name->second
                                                    : look.process.name(owner.tid).value_or("");
        } else {
            tell_fate(&owner, fates.of(owner.tid));
        }
        return owner;
    }

    // The thread that must act before this one can continue; 0: unknown, or the wait has a time
    // limit.
    pid_t awaited(pid_t tid) const {
        const auto wait = waits_.find(tid);
        if (wait == waits_.end()) return 0;
        const Waiting& waiting = *wait->second.thread->waiting;
        if (waiting.timed || !waiting.owner_tid || !waiting.owner_alive) return 0;
        return *waiting.owner_tid;
    }

    void find_cycles() {
        std::set<pid_t> done;
        for (const auto& [start, view] : waits_) {
            std::vector<pid_t> walk;
            pid_t tid = start;
            while (tid != 0 && !done.contains(tid)) {
                done.insert(tid);
                walk.push_back(tid);
                tid = awaited(tid);
            }
            const auto first = std::find(walk.begin(), walk.end(), tid);
            if (tid == 0 || first == walk.end()) continue;
            std::vector<pid_t> cycle(first, walk.end());
            if (!stands_still(cycle)) continue;
            std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
            graph_.cycles.push_back(std::move(cycle));
        }
        std::sort(graph_.cycles.begin(), graph_.cycles.end());
    }

    // Were all those waits at one and the same moment? They were when none of the threads ran
    // between a look at all of them and another.
    bool stands_still(const std::vector<pid_t>& cycle) {
        const auto switches = [&] {
            std::vector<std::uint64_t> counts;
            for (const pid_t tid : cycle) {
                const auto status = waits_.at(tid).look->process.status(tid);
                if (!status) return std::vector<std::uint64_t>{};
                counts.push_back(status->voluntary_switches + status->involuntary_switches);
            }
            return counts;
        };
        const std::vector<std::uint64_t> before = switches();
        if (before.empty()) return false;
        for (const pid_t tid : cycle) {
            const Wait& known = waits_.at(tid);
            ProcessLook& look = *known.look;
            observe::WaitClassifier classifier(look.memory, &look.calls);
            const bool nested = look.process.status_at_opening().ns_pid.size() > 1;
            const auto call = look.process.syscall(tid);
            const auto wait = call ? classifier.classify(*call, nested ? 0 : tid) : std::nullopt;
            if (!wait || wait->address != known->address || wait->kind != known->kind) return false;
        }
        return switches() == before;
    }

    void find_stuck() {
        if (!graph_.has_orphans()) return;
        std::unordered_multimap<pid_t, pid_t> waiters_of;
        for (const auto& [tid, wait] : waits_)
            waiters_of.emplace(awaited(tid), tid);
        for (Lock& lock : graph_.locks) {
            if (!lock.orphaned) continue;
            std::set<pid_t> stuck;
            std::vector<pid_t> next = lock.waiters;
            while (!next.empty()) {
                const pid_t tid = next.back();
                next.pop_back();
                if (waits_.at(tid)->timed || !stuck.insert(tid).second) continue;
                const auto [first, last] = waiters_of.equal_range(tid);
                for (auto other = first; other != last; ++other)
                    next.push_back(other->second);
            }
            lock.stuck_behind.assign(stuck.begin(), stuck.end());
        }
    }

    void order() {
        std::sort(graph_.channels.begin(), graph_.channels.end(),
                  [](const ChannelWait& a, const ChannelWait& b) { return a.tid < b.tid; });
        std::stable_sort(graph_.locks.begin(), graph_.locks.end(),
                         [](const Lock& a, const Lock& b) {
                             const auto rank = [](const Lock& lock) {
                                 return std::tuple(!lock.orphaned, !lock.owner.has_value(),
                                                   -static_cast<long>(lock.waiters.size()));
                             };
                             return rank(a) < rank(b);
                         });
    }

    std::vector<std::unique_ptr<ProcessLook>> looks_;
    std::map<pid_t, Wait> waits_;
    std::map<ObjectKey, std::size_t> known_;  // in graph_.locks
    LockGraph graph_;
};

}  // namespace

bool LockGraph::has_orphans() const noexcept {
    return std::any_of(locks.begin(), locks.end(), [](const Lock& lock) { return lock.orphaned; });
}

Ground ground_of_orphan(const Lock& lock) {
    const GroundLock place{to_string(lock.dead_waiter ? WaitKind::cond : lock.kind), lock.address,
                           lock.symbol};
    const GroundOwner owner{lock.owner->tid, lock.owner->name, lock.owner->fate};
    if (!lock.dead_waiter) return {GroundCode::orphaned_lock, {{"lock", place}, {"owner", owner}}};
    return {GroundCode::dead_waiter, {{"call", lock.call}, {"lock", place}, {"owner", owner}}};
}

std::vector<Ground> grounds_of(const LockGraph& graph) {
    std::vector<Ground> grounds;
    const auto threads = [&graph](const std::vector<pid_t>& tids) {
        std::vector<GroundThread> all;
        for (const pid_t tid : tids) {
            const auto name = graph.names.find(tid);
            all.push_back({tid, name != graph.names.end() ? name->second : std::string(), {}});
        }
        return all;
    };
    for (const Lock& lock : graph.locks) {
        if (!lock.orphaned) continue;
        grounds.push_back(ground_of_orphan(lock));
        if (lock.stuck_behind.empty()) continue;
        grounds.push_back({GroundCode::behind_orphan, {{"threads", threads(lock.stuck_behind)}}});
    }
    for (const auto& cycle : graph.cycles)
        grounds.push_back({GroundCode::deadlocked, {{"threads", threads(cycle)}}});
    return grounds;
}

LockGraph find_locks(const std::vector<LookedAt>& processes) {
    return Search(processes).run();
}

LockGraph find_locks(const observe::Process& process, client::Connection* connection,
                     ThreadList* threads) {
    Search search({{&process, connection}});
    LockGraph graph = search.run();
    if (threads != nullptr) *threads = search.take_threads();
    return graph;
}

}  // namespace threadfault::drive
