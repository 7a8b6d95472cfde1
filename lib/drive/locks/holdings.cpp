#include "drive/locks/holdings.hpp"

#include <algorithm>
#include <unordered_map>

namespace threadfault::drive {

void add_holdings(const LockGraph& graph, ThreadList& list) {
    std::unordered_map<pid_t, ThreadView*> views;
    for (ThreadView& thread : list.threads)
        views[thread.tid] = &thread;
    for (const Lock& lock : graph.locks) {
        if (!lock.owner || !lock.owner->alive || lock.kind == WaitKind::join) continue;
        const auto owner = views.find(lock.owner->tid);
        if (owner == views.end()) continue;
        owner->second->holding.push_back(
            {lock.kind, lock.address, lock.symbol, lock.waiters.size(), true});
    }
}

void add_holdings(ThreadList& list) {
    std::unordered_map<pid_t, ThreadView*> views;
    for (ThreadView& thread : list.threads)
        views[thread.tid] = &thread;
    for (const ThreadView& waiter : list.threads) {
        if (!waiter.waiting || waiter.waiting->kind == WaitKind::join) continue;
        const Waiting& wait = *waiter.waiting;
        if (!wait.owner_tid || !wait.owner_alive || *wait.owner_tid == waiter.tid) continue;
        const auto owner = views.find(*wait.owner_tid);
        if (owner == views.end()) continue;
        std::vector<HeldLock>& held = owner->second->holding;
        const auto known = std::find_if(held.begin(), held.end(), [&](const HeldLock& lock) {
            return lock.address == wait.address;
        });
        if (known == held.end()) {
            held.push_back({wait.kind, wait.address, wait.symbol, 1, wait.part});
        } else {
            ++known->waiters;
        }
    }
}

}  // namespace threadfault::drive
