#include "drive/faults/add_stacks.hpp"

#include "drive/faults/plan.hpp"
#include "observe/symbols.hpp"

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

}  // namespace threadfault::drive
