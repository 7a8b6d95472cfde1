#include "diagnose/capture.hpp"

#include "format/format.hpp"

#include <chrono>
#include <vector>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;
using client::Clock;

// Under way at once: two requests, so that the agent always has one.
constexpr std::size_t kWindow = 2 * wire::kMostCaptures;
constexpr std::chrono::milliseconds kWait = 50ms;

Gap reason_of(const observe::Process& process, pid_t tid, const wire::CaptureRecord& record) {
    if (record.outcome == wire::FaultOutcome::no_such_thread) return gap_ended();
    switch (record.reason) {
        case wire::Reason::signal_blocked:
            return {GapCode::signal_blocked, "it blocks threadfault's signal"};
        case wire::Reason::uninterruptible:
            return gap_uninterruptible();
        case wire::Reason::target_stopped:
            return gap_stopped();
        case wire::Reason::queue_full:
            return {GapCode::queue_full, "the kernel queues no more signals for this user"};
        case wire::Reason::signal_taken:
            return {GapCode::signal_taken,
                    "the program has replaced the handler of threadfault's signal"};
        case wire::Reason::timed_out:
            return why_silent(process.stat(tid), kWait);
        default:
            return {GapCode::not_asked, "the agent could not ask it"};
    }
}

void fill(Snapshot* snapshot, const client::Connection::Captured& captured) {
    const bool done = captured.record.outcome == wire::FaultOutcome::done;
    snapshot->via = done ? Via::agent : Via::none;
    snapshot->known = kAllKnown;
    snapshot->stack.assign(captured.stack.begin(), captured.stack.end());
    snapshot->held_seconds = done ? static_cast<double>(captured.record.held_ns) * 1e-9 : 0;
    std::copy(std::begin(captured.record.registers), std::end(captured.record.registers),
              snapshot->registers.begin());
}

}  // namespace

Gap why_silent(const std::optional<observe::TaskStat>& now, std::chrono::milliseconds waited) {
    if (!now || now->is_dead()) return gap_ended();
    switch (now->state) {
        case 'R':
            return {GapCode::no_cpu,
                    formatted("it did not get a CPU within {} ms", waited.count())};
        case 'D':
            return gap_uninterruptible();
        case 'T':
        case 't':
            return gap_stopped();
        default:
            return {
                GapCode::silent,
                formatted("it did not answer within {} ms, for an unknown reason", waited.count())};
    }
}

void capture_by_agent(const observe::Process& process, client::Connection& connection,
                      std::span<const Thread> threads, const TakeSnapshot& take) {
    Snapshot snapshot;
    std::vector<bool> answered(threads.size());
    std::uint32_t first = 0;  // the number of threads[0]
    std::size_t sent = 0;
    std::size_t received = 0;
    while (received < threads.size()) {
        while (sent < threads.size() && sent - received + wire::kMostCaptures <= kWindow) {
            std::vector<wire::CaptureTarget> some;
            for (std::size_t i = sent; i < threads.size() && i < sent + wire::kMostCaptures; ++i)
                some.push_back({threads[i].serial, threads[i].inner_tid, 0});
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
            snapshot.why = snapshot.via == Via::agent
                               ? Gap()
                               : reason_of(process, threads[place].tid, captured.record);
            take(place, snapshot);
        }
    }
    snapshot = {};
    snapshot.why = {GapCode::agent_silent, "the agent did not answer"};
    for (std::size_t place = 0; place < threads.size(); ++place) {
        if (!answered[place]) take(place, snapshot);
    }
}

}  // namespace threadfault::diagnose
