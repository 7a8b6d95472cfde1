#include "drive/locks/awaited.hpp"

namespace threadfault::drive {

Awaited::Awaited(const LockGraph& graph) {
    for (const Lock& lock : graph.locks) {
        for (const pid_t tid : lock.waiters)
            locks_.try_emplace(tid, &lock);
    }
    for (const ChannelWait& wait : graph.channels)
        channels_.try_emplace(wait.tid, &wait);
}

const Lock* Awaited::lock(pid_t tid) const noexcept {
    const auto found = locks_.find(tid);
    return found != locks_.end() ? found->second : nullptr;
}

const ChannelWait* Awaited::channel(pid_t tid) const noexcept {
    const auto found = channels_.find(tid);
    return found != channels_.end() ? found->second : nullptr;
}

}  // namespace threadfault::drive
