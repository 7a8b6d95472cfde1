#include "drive/locks/more_facts.hpp"

#include "drive/faults/plan.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

namespace threadfault::drive {

void add_stacks(const observe::Process& process, client::Connection& connection, ThreadList& list) {
    using namespace std::chrono_literals;
    constexpr std::chrono::milliseconds kWait = 50ms;
    constexpr std::size_t kWindow = 32;
    const Plan look({.fault = wire::Fault::look, .wait = kWait});
    observe::Symbols symbols(process);
    std::unordered_map<std::uint32_t, ThreadView*> outstanding;
    std::size_t sent = 0;
    while (sent < list.threads.size() || !outstanding.empty()) {
        while (sent < list.threads.size() && outstanding.size() < kWindow) {
            ThreadView& thread = list.threads[sent++];
            if (thread.inner_tid == 0) continue;
            const wire::FaultRequest request =
                look.request_for(thread.inner_tid, thread.serial, false);
            outstanding[connection.send(request)] = &thread;
        }
        if (outstanding.empty()) continue;
        const auto reply = connection.receive_fault(client::Clock::now() + 4 * kWait);
        if (!reply) return;
        const auto found = outstanding.find(reply->header.request);
        if (found == outstanding.end()) continue;
        ThreadView& thread = *found->second;
        outstanding.erase(found);
        for (std::uint32_t i = 0; i < reply->frames; ++i) {
            // A return address may be the first byte behind the function.
            const observe::Symbol& symbol = symbols.resolve(reply->frame[i] - (i == 0 ? 0 : 1));
            if (symbol.name.empty()) continue;
            thread.on_stack.push_back(observe::without_parameters(symbol.name));
        }
    }
}

void add_holdings(const LockGraph& graph, ThreadList& list) {
    std::unordered_map<pid_t, ThreadView*> views;
    for (ThreadView& thread : list.threads)
        views[thread.tid] = &thread;
    for (const Lock& lock : graph.locks) {
        if (!lock.owner || !lock.owner->alive || lock.kind == observe::WaitKind::join) continue;
        const auto owner = views.find(lock.owner->tid);
        if (owner == views.end()) continue;
        owner->second->holding.push_back(
            {lock.kind, lock.address, lock.symbol, lock.waiters.size()});
    }
}

void add_holdings(ThreadList& list) {
    std::unordered_map<pid_t, ThreadView*> views;
    for (ThreadView& thread : list.threads)
        views[thread.tid] = &thread;
    for (const ThreadView& waiter : list.threads) {
        if (!waiter.waiting || waiter.waiting->kind == observe::WaitKind::join) continue;
        const Waiting& wait = *waiter.waiting;
        if (!wait.owner_tid || !wait.owner_alive || *wait.owner_tid == waiter.tid) continue;
        const auto owner = views.find(*wait.owner_tid);
        if (owner == views.end()) continue;
        std::vector<HeldLock>& held = owner->second->holding;
        const auto known = std::find_if(held.begin(), held.end(), [&](const HeldLock& lock) {
            return lock.address == wait.address;
        });
        if (known == held.end()) {
            held.push_back({wait.kind, wait.address, wait.symbol, 1});
        } else {
            ++known->waiters;
        }
    }
}

}  // namespace threadfault::drive
