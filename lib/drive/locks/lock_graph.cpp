#include "drive/locks/lock_graph.hpp"

#include "drive/locks/fate.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "observe/maps.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <set>
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
           before.waiting->owner_alive == now.waiting->owner_alive;
}

// Where an object without a name lies.
class Places {
public:
    Places(observe::Symbols& symbols, const ThreadList& list) : symbols_(symbols), list_(list) {}

    std::string of(std::uint64_t address) {
        const observe::Mapping* const mapping = symbols_.maps().find(address);
        if (mapping == nullptr) return {};
        if (mapping->path == "[heap]") return "heap";
        const observe::Symbol& symbol = symbols_.resolve(address);
        if (!symbol.module.empty()) {
            return formatted("{}+{:#x}", symbol.module, symbol.module_offset);
        }
        for (const ThreadView& thread : list_.threads) {
            if (!thread.syscall) continue;
            const std::uint64_t top = thread.syscall->stack_pointer;
            if (top >= mapping->begin && top < mapping->end && address >= top) {
                return formatted("stack of {}", thread.tid);
            }
        }
        return mapping->path.empty() ? "heap or mapped memory" : mapping->path;
    }

private:
    observe::Symbols& symbols_;
    const ThreadList& list_;
};

class Search {
public:
    Search(const observe::Process& process, client::Connection* connection)
        : process_(process),
          connection_(connection),
          memory_(process.pid()),
          calls_(process, memory_) {}

    LockGraph run() {
        const ThreadList before =
            list_threads(process_, connection_, {.waits = true, .calls = &calls_});
        list_ =
            list_threads(process_, connection_, {.waits = true, .symbols = true, .calls = &calls_});
        if (!list_.waits_permitted) {
            throw Error(
                ErrorCode::not_permitted,
                formatted("what the threads of process {} wait for can't be read", process_.pid()),
                "run threadfault as root, or as the user that the process belongs to");
        }
        const Views earlier = by_tid(before);
        for (const ThreadView& thread : list_.threads) {
            graph_.names[thread.tid] = thread.name;
            const auto was = earlier.find(thread.tid);
            if (was != earlier.end() && same_wait(*was->second, thread)) {
                waits_[thread.tid] = &thread;
            }
        }
        collect();
        find_cycles();
        find_stuck();
        order();
        return std::move(graph_);
    }

private:
    void collect() {
        observe::Symbols symbols(process_);
        Places places(symbols, list_);
        Fates fates(process_, connection_, symbols);
        std::map<std::pair<std::uint64_t, WaitKind>, std::size_t> known;
        for (const ThreadView& thread : list_.threads) {
            if (!waits_.contains(thread.tid)) continue;
            const Waiting& wait = *thread.waiting;
            const auto [entry, fresh] =
                known.try_emplace({wait.address, wait.kind}, graph_.locks.size());
            if (fresh) {
                Lock& lock = graph_.locks.emplace_back();
                lock.kind = wait.kind;
                lock.address = wait.address;
                lock.symbol = wait.symbol;
                lock.stream = wait.stream;
                lock.call = wait.call;
                lock.location = places.of(wait.address);
                if (wait.owner_tid || wait.owner_dead) lock.owner = owner_of(wait, fates);
                lock.orphaned = lock.owner && !lock.owner->alive && is_lock(wait.kind);
            }
            graph_.locks[entry->second].waiters.push_back(thread.tid);
        }
    }

    static bool is_lock(WaitKind kind) { return kind != WaitKind::join; }

    LockOwner owner_of(const Waiting& wait, Fates& fates) const {
        LockOwner owner;
        if (!wait.owner_tid) return owner;
        owner.tid = *wait.owner_tid;
        owner.alive = wait.owner_alive;
        const auto name = graph_.names.find(owner.tid);
        if (owner.alive) {
            // A name that was not present before: threads are still starting.
            owner.name =
                name != graph_.names.end() ? name->second : process_.name(owner.tid).value_or("");
        } else {
            const Fate fate = fates.of(owner.tid);
            owner.name = fate.name;
            owner.fate = fate.text;
        }
        return owner;
    }

    // The thread that must act before this one can continue; 0: unknown, or the wait has a time
    // limit.
    pid_t awaited(pid_t tid) const {
        const auto wait = waits_.find(tid);
        if (wait == waits_.end()) return 0;
        const Waiting& waiting = *wait->second->waiting;
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
                const auto status = process_.status(tid);
                if (!status) return std::vector<std::uint64_t>{};
                counts.push_back(status->voluntary_switches + status->involuntary_switches);
            }
            return counts;
        };
        const std::vector<std::uint64_t> before = switches();
        if (before.empty()) return false;
        observe::WaitClassifier classifier(memory_, &calls_);
        const bool nested = process_.status_at_opening().ns_pid.size() > 1;
        for (const pid_t tid : cycle) {
            const auto call = process_.syscall(tid);
            const auto wait = call ? classifier.classify(*call, nested ? 0 : tid) : std::nullopt;
            const Waiting& known = *waits_.at(tid)->waiting;
            if (!wait || wait->address != known.address || wait->kind != known.kind) return false;
        }
        return switches() == before;
    }

    void find_stuck() {
        for (Lock& lock : graph_.locks) {
            if (!lock.orphaned) continue;
            std::set<pid_t> stuck;
            std::vector<pid_t> next = lock.waiters;
            while (!next.empty()) {
                const pid_t tid = next.back();
                next.pop_back();
                if (waits_.at(tid)->waiting->timed || !stuck.insert(tid).second) continue;
                for (const auto& [other, view] : waits_) {
                    if (awaited(other) == tid) next.push_back(other);
                }
            }
            lock.stuck_behind.assign(stuck.begin(), stuck.end());
        }
    }

    void order() {
        std::stable_sort(graph_.locks.begin(), graph_.locks.end(),
                         [](const Lock& a, const Lock& b) {
                             const auto rank = [](const Lock& lock) {
                                 return std::tuple(!lock.orphaned, !lock.owner.has_value(),
                                                   -static_cast<long>(lock.waiters.size()));
                             };
                             return rank(a) < rank(b);
                         });
    }

    const observe::Process& process_;
    client::Connection* connection_;
    const observe::Memory memory_;
    observe::CallFacts calls_;
    ThreadList list_;
    std::map<pid_t, const ThreadView*> waits_;
    LockGraph graph_;
};

}  // namespace

bool LockGraph::has_orphans() const noexcept {
    return std::any_of(locks.begin(), locks.end(), [](const Lock& lock) { return lock.orphaned; });
}

LockGraph find_locks(const observe::Process& process, client::Connection* connection) {
    return Search(process, connection).run();
}

}  // namespace threadfault::drive
