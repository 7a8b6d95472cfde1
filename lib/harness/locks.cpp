// Who waits for whom in a target, and whether it makes progress.
#include "drive/locks/lock_graph.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/locks/watch.hpp"
#include "harness/impl.hpp"

#include <utility>

namespace threadfault {
namespace {

LockReport report_of(drive::LockGraph graph) {
    LockReport report;
    report.tree = drive::lock_tree(graph);
    report.cycles = std::move(graph.cycles);
    for (drive::Lock& lock : graph.locks) {
        LockInfo& info = report.locks.emplace_back();
        info.kind = lock.kind;
        info.address = lock.address;
        info.symbol = std::move(lock.symbol);
        info.location = std::move(lock.location);
        if (lock.owner) {
            info.owner_tid = lock.owner->tid;
            info.owner_name = std::move(lock.owner->name);
            info.owner_alive = lock.owner->alive;
            info.owner_fate = std::move(lock.owner->fate);
        }
        info.waiters = std::move(lock.waiters);
        info.orphaned = lock.orphaned;
        info.stuck_behind = std::move(lock.stuck_behind);
    }
    return report;
}

}  // namespace

// The agent is only asked for what it knows of the dead; nothing is lost where there is none.
std::unique_ptr<client::Connection> Target::Impl::connect_if_possible(
    const observe::Process& process) const {
    try {
        return std::make_unique<client::Connection>(process);
    } catch (const Error&) {
        return nullptr;
    }
}

LockReport Target::locks() const {
    const observe::Process process = impl_->open();
    const auto connection = impl_->connect_if_possible(process);
    drive::LockGraph graph = drive::find_locks(process, connection.get());
    drive::name_members(process, graph.locks);
    return report_of(std::move(graph));
}

WatchReport Target::watch(std::chrono::nanoseconds duration) const {
    const observe::Process process = impl_->open();
    const auto connection = impl_->connect_if_possible(process);
    try {
        drive::WatchReport seen = drive::watch(process, connection.get(), duration);
        std::vector<std::string> codes;
        codes.reserve(seen.grounds.size());
        for (const drive::Ground& ground : seen.grounds)
            codes.emplace_back(drive::info(ground.code).name);
        return {seen.verdict, std::move(seen.evidence), report_of(std::move(seen.locks)),
                target::from_seconds(seen.seconds), std::move(codes)};
    } catch (const Error&) {
        if (impl_->has_ended()) impl_->throw_ended();
        throw;
    }
}

}  // namespace threadfault
