#include "diagnose/capture.hpp"

#include <chrono>
#include <unordered_map>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;
using client::Clock;

// More would only wait in the agent's socket.
constexpr std::size_t kWindow = 128;
constexpr std::chrono::milliseconds kWait = 50ms;

std::string reason_of(const wire::CaptureReply& reply) {
    if (reply.outcome == wire::Outcome::no_such_thread) return "it has ended";
    switch (reply.reason) {
        case wire::Reason::signal_blocked:
            return "it blocks threadfault's signal";
        case wire::Reason::uninterruptible:
            return "it is in an uninterruptible wait";
        case wire::Reason::target_stopped:
            return "it is stopped";
        default:
            return "it did not answer";
    }
}

}  // namespace

std::vector<Snapshot> capture_by_agent(client::Connection& connection,
                                       std::span<const Target> targets) {
    std::vector<Snapshot> snapshots(targets.size());
    std::unordered_map<std::uint32_t, std::size_t> outstanding;
    std::size_t sent = 0;
    while (sent < targets.size() || !outstanding.empty()) {
        while (sent < targets.size() && outstanding.size() < kWindow) {
            wire::FaultRequest request;
            request.fault = wire::Fault::capture;
            request.tid = targets[sent].inner_tid;
            request.serial = targets[sent].serial;
            request.wait_ns = std::chrono::nanoseconds(kWait).count();
            outstanding[connection.send(request)] = sent++;
        }
        auto captured = connection.receive_capture(Clock::now() + 4 * kWait);
        if (!captured) break;  // stopped, or its agent is in trouble: the rest has no answer
        const auto found = outstanding.find(captured->reply.header.request);
        if (found == outstanding.end()) continue;
        Snapshot& snapshot = snapshots[found->second];
        outstanding.erase(found);
        if (captured->reply.outcome != wire::Outcome::done) {
            snapshot.why = reason_of(captured->reply);
            continue;
        }
        snapshot.via = Via::agent;
        snapshot.stack = std::move(captured->stack);
        snapshot.held_seconds = static_cast<double>(captured->reply.held_ns) * 1e-9;
        std::copy(std::begin(captured->reply.registers), std::end(captured->reply.registers),
                  snapshot.registers.begin());
    }
    for (const auto& [number, place] : outstanding)
        snapshots[place].why = "the agent did not answer";
    return snapshots;
}

}  // namespace threadfault::diagnose
