#include "preload/registry/graveyard.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"
#include "preload/registry/agent_calls.hpp"
#include "preload/registry/events.hpp"
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

// One system call: only main's end leaves something behind that can be signalled.
bool has_gone_unannounced(const Record& record) noexcept {
    const Life life = record.life.load(std::memory_order_acquire);
    const pid_t tid = record.tid.load(std::memory_order_relaxed);
    if ((life != Life::alive && life != Life::ending) || tid == 0) return false;
    if (tid == shim_pid()) return has_gone(tid);
    return execute::sys_tgkill(shim_pid(), tid, 0) == -ESRCH;
}

// The serial is read first: a thread that ends in the ordinary way meanwhile takes it away.
void bury_if_gone(Record* record) noexcept {
    const std::uint64_t serial = record->serial.load(std::memory_order_acquire);
    if (serial == 0 || !has_gone_unannounced(*record)) return;
    if (record->end.load(std::memory_order_acquire) == End::vanished) return;  // announced
    bury_unannounced(record, serial);
}

}  // namespace

void announce_vanishing() noexcept {
    own_up_to_newborn();
    mark_end(End::vanished);
    note_exit_status(0);
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

void bury_if_gone(pid_t tid) noexcept {
    if (Record* const record = find_record(tid, 0)) bury_if_gone(record);
}

std::int64_t next_burial() noexcept {
    if (announced.load(std::memory_order_acquire)) return 0;
    return next_ns;
}

}  // namespace threadfault::shim
