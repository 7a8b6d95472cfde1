#include "diagnose/capture.hpp"

#include <chrono>
#include <vector>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;
using client::Clock;

// Under way at once: two requests, so that the agent always has one.
constexpr std::size_t kWindow = 2 * wire::kMostCaptures;
constexpr std::chrono::milliseconds kWait = 50ms;

std::string reason_of(const wire::CaptureRecord& record) {
    if (record.outcome == wire::Outcome::no_such_thread) return kHasEnded;
    switch (record.reason) {
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

void fill(Snapshot* snapshot, const client::Connection::Captured& captured) {
    const bool done = captured.record.outcome == wire::Outcome::done;
    snapshot->via = done ? Via::agent : Via::none;
    snapshot->why = done ? std::string() : reason_of(captured.record);
    snapshot->stack.assign(captured.stack.begin(), captured.stack.end());
    snapshot->held_seconds = done ? static_cast<double>(captured.record.held_ns) * 1e-9 : 0;
    std::copy(std::begin(captured.record.registers), std::end(captured.record.registers),
              snapshot->registers.begin());
}

}  // namespace

void capture_by_agent(client::Connection& connection, std::span<const Target> targets,
                      const TakeSnapshot& take) {
    Snapshot snapshot;
    std::vector<bool> answered(targets.size());
    std::uint32_t first = 0;  // the number of targets[0]
    std::size_t sent = 0;
    std::size_t received = 0;
    while (received < targets.size()) {
        while (sent < targets.size() && sent - received + wire::kMostCaptures <= kWindow) {
            std::vector<wire::CaptureTarget> some;
            for (std::size_t i = sent; i < targets.size() && i < sent + wire::kMostCaptures; ++i)
                some.push_back({targets[i].serial, targets[i].inner_tid, 0});
            const std::uint32_t number = connection.send_captures(some, kWait);
            if (sent == 0) first = number;
            sent += some.size();
        }
        const auto captures = connection.receive_captures(Clock::now() + 4 * kWait);
        if (captures.empty()) break;  // stopped, or its agent is in trouble
        for (const client::Connection::Captured& captured : captures) {
            // A late answer to something else is none of these.
            const std::size_t place = captured.record.number - first;
            if (place >= sent || answered[place]) continue;
            answered[place] = true;
            ++received;
            fill(&snapshot, captured);
            take(place, snapshot);
        }
    }
    snapshot = {};
    snapshot.why = "the agent did not answer";
    for (std::size_t place = 0; place < targets.size(); ++place) {
        if (!answered[place]) take(place, snapshot);
    }
}

}  // namespace threadfault::diagnose
