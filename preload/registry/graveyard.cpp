#include "preload/registry/graveyard.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"
#include "preload/registry/agent_calls.hpp"
#include "preload/registry/registry.hpp"

namespace threadfault::shim {

namespace {

constexpr std::int64_t kAgain = 1'000'000;
constinit std::atomic<bool> announced{false};
constinit std::int64_t next_ns = execute::kNever;

// A main thread that has ended stays listed, as a zombie, while the others live.
bool has_gone(pid_t tid) noexcept {
    if (execute::sys_tgkill(shim_pid(), tid, 0) == -ESRCH) return true;
    const char state = task_state(tid);
    return state == 'Z' || state == 'X';
}

}  // namespace

void announce_vanishing() noexcept {
    own_up_to_newborn();
    mark_end(End::vanished);
    announced.store(true, std::memory_order_release);
    wake_agent();
}

void bury_the_vanished(std::int64_t now) noexcept {
    const bool news = announced.exchange(false, std::memory_order_acq_rel);
    if (!news && now < next_ns) return;
    next_ns = execute::kNever;
    const std::uint32_t limit = record_limit();
    for (std::uint32_t id = 1; id < limit; ++id) {
        Record* const record = record_at(id);
        if (record == nullptr || record->end.load(std::memory_order_acquire) != End::vanished) {
            continue;
        }
        const std::uint64_t serial = record->serial.load(std::memory_order_acquire);
        if (serial == 0) continue;
        if (has_gone(record->tid.load(std::memory_order_relaxed))) {
            bury(record, serial);
        } else {
            next_ns = now + kAgain;
        }
    }
}

std::int64_t next_burial() noexcept {
    return announced.load(std::memory_order_acquire) ? 0 : next_ns;
}

}  // namespace threadfault::shim
