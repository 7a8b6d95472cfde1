#include "preload/agent/lifecycle.hpp"

#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/agent/control_socket.hpp"
#include "preload/agent/helper_thread.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/log.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/code_ranges.hpp"
#include "preload/faults/installation.hpp"
#include "preload/faults/place.hpp"
#include "preload/registry/agent_calls.hpp"
#include "preload/registry/registry.hpp"

#include <sched.h>

namespace threadfault::shim {

namespace {

//   idle ── starting ── running ── leaving ── ended        main is alone: the helper goes by itself
//     ^        │           │  └────────┘ somebody came          │
//     │    impossible      └─ retiring ── (joined) ── idle      └─ joined by the next that needs it
//     │                          └─ (main forks) ── ended
enum class State : int { idle, starting, running, leaving, ended, retiring, impossible };

constinit std::atomic<State> state{State::idle};
constinit std::atomic<bool> stop_wanted{false};
constinit std::atomic<bool> busy{false};  // a client is connected, or something is in force
constinit std::atomic<std::uint32_t> generation{0};  // of forks: what the rest of this is about

constinit std::atomic<int> bans{0};

constinit std::atomic<Mask> listens_to{0};

constinit std::atomic<int> gate_closers{0};
constinit std::atomic<int> senders{0};

// A forked child: there is no helper; the next pthread_create starts one. What is called from many
// threads comes here first; the child has one when it does: one that is made by a pthread_create
// which goes on in the child comes after in_forked_child().
void settle() noexcept {
    if (generation.load(std::memory_order_acquire) == fork_generation()) return;
    // A handler that forks here would leave the rest of this to its child, too late.
    const Undisturbed undisturbed;
    const std::uint32_t now = fork_generation();
    if (generation.load(std::memory_order_acquire) == now) return;
    set_agent_tid(0);
    stop_wanted.store(false, std::memory_order_relaxed);
    busy.store(false, std::memory_order_relaxed);
    bans.store(0, std::memory_order_relaxed);
    gate_closers.store(0, std::memory_order_relaxed);
    senders.store(0, std::memory_order_relaxed);
    listens_to.store(0, std::memory_order_relaxed);
    forget_socket();
    forget_helper_thread();
    // Its system calls may be forbidden here, and there will be nobody to send requests.
    if (!is_filter_known()) execute::reset_after_fork();
    // What made it impossible for the parent may not hold for the child; asking costs little.
    state.store(State::idle, std::memory_order_relaxed);
    generation.store(now, std::memory_order_release);
}

// The helper decides within microseconds whether it goes.
State settled_state() noexcept {
    State now = state.load(std::memory_order_seq_cst);
    while (now == State::leaving) {
        execute::sys_call(SYS_sched_yield);
        now = state.load(std::memory_order_seq_cst);
    }
    return now;
}

void* helper_body(void*) {
    set_agent_tid(execute::sys_gettid());
    if (!run_agent()) state.store(State::impossible, std::memory_order_release);
    set_agent_tid(0);
    return nullptr;
}

// All that may allocate, or take the loader's lock. False: there can be no helper.
bool prepare() noexcept {
    // Before anything that a filter may punish, the opening of the log included: `doctor` sees it
    // from outside.
    if (is_sandboxed()) return false;
    learn_log_file();
    if (!install_handlers()) {
        log_line("no agent: no real-time signal is free");
        return false;
    }
    prime_unwinder();
    note_libraries();
    prepare_helper_thread();
    return true;
}

// Every signal is blocked, for the helper inherits that, but libc's own two, because setuid() in
// the program must reach us as well, and those that answer an act of ours: a filter's trap,
// blocked, kills.
void create_helper() noexcept {
    const Undisturbed undisturbed;
    // A handler may have forked since prepare() began: the child has settled, or even has a helper.
    State now = State::idle;
    state.compare_exchange_strong(now, State::starting, std::memory_order_acq_rel);
    if (now != State::idle && now != State::starting) return;
    // Whoever bans looks at the state afterwards.
    if (bans.load(std::memory_order_seq_cst) != 0) {
        state.store(State::idle, std::memory_order_seq_cst);
        return;
    }
    stop_wanted.store(false, std::memory_order_relaxed);
    const bool created = create_helper_thread(helper_body);
    // The helper itself may have found it impossible meanwhile.
    State starting = State::starting;
    state.compare_exchange_strong(starting, created ? State::running : State::impossible,
                                  std::memory_order_acq_rel);
}

}  // namespace

void agent_start() noexcept {
    settle();
    State found = settled_state();
    while (found == State::idle || found == State::ended) {
        if (!state.compare_exchange_weak(found, State::starting, std::memory_order_acq_rel)) {
            continue;
        }
        const int kept = errno;
        if (prepare()) {
            create_helper();
        } else {
            State starting = State::starting;
            state.compare_exchange_strong(starting, State::impossible, std::memory_order_acq_rel);
        }
        errno = kept;
        return;
    }
}

namespace {

// The calling thread ends the running helper. False: there is none, or another does it.
bool begin_to_retire() noexcept {
    State found = settled_state();
    if (found != State::running && found != State::ended) return false;
    // Nobody may be signalled any more; the helper sees that for itself.
    if (found == State::running && is_sandboxed()) return false;
    if (!state.compare_exchange_strong(found, State::retiring, std::memory_order_acq_rel)) {
        return false;
    }
    stop_wanted.store(true, std::memory_order_release);
    wake_agent();
    return true;
}

}  // namespace

bool agent_retire() noexcept {
    settle();
    const Undisturbed undisturbed;
    if (!begin_to_retire()) return false;
    join_helper_thread();
    state.store(State::idle, std::memory_order_release);
    return true;
}

HelperBan::HelperBan() noexcept {
    bans.fetch_add(1, std::memory_order_seq_cst);
    while (state.load(std::memory_order_seq_cst) == State::starting)
        execute::sys_call(SYS_sched_yield);
    had_one_ = agent_retire();
}

HelperBan::~HelperBan() {
    bans.fetch_sub(1, std::memory_order_seq_cst);
    if (had_one_ && !is_sandboxed()) agent_start();
}

bool leave_alone_main(bool (*is_alone)()) noexcept {
    State running = State::running;
    if (!state.compare_exchange_strong(running, State::leaving, std::memory_order_seq_cst)) {
        return false;
    }
    // A thread that creates another one checks the state afterwards: either it sees that we leave,
    // or we see the new thread.
    const bool alone = is_alone();
    state.store(alone ? State::ended : State::running, std::memory_order_seq_cst);
    return alone;
}

void set_agent_busy(bool now) noexcept {
    busy.store(now, std::memory_order_relaxed);
}

void agent_before_fork() noexcept {
    if (state.load(std::memory_order_relaxed) != State::running || live_threads() != 1) return;
    if (busy.load(std::memory_order_relaxed) || is_agent_thread()) return;
    const Record* const own = self();
    if (own != nullptr && own->faults.load(std::memory_order_relaxed) != 0) return;
    const Undisturbed undisturbed;
    if (!begin_to_retire()) return;
    // Not joined: this may be a handler that has interrupted libc with its lock of the stacks.
    await_end_of_helper_thread();
    state.store(State::ended, std::memory_order_release);
}

void agent_after_fork() noexcept {
    settle();
}

void wake_agent() noexcept {
    // The helper lets this signal in only while it waits: it can't be missed.
    const pid_t tid = agent_tid();
    if (tid <= 0 || is_sandboxed()) return;
    if (const int ours = reserved_signal(0); ours != 0) {
        execute::poke(shim_pid(), tid, ours);
    } else {
        knock_at_socket();
    }
}

void tell_agent_of_move() noexcept {
    const pid_t tid = agent_tid();
    if (tid <= 0 || is_agent_thread()) return;
    for (int tries = 0; tries < 50; ++tries) {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if ((listens_to.load(std::memory_order_seq_cst) & ~reserved_mask()) == 0) return;
        // It lets both in: the one that stayed wakes it.
        long sent = -ESRCH;
        for (int which = 0; which < kReservedSignals; ++which)
            if (const int ours = reserved_signal(which))
                sent = execute::poke(shim_pid(), tid, ours);
        if (sent != 0) return knock_at_socket();
        const timespec moment{0, 200'000};
        execute::sys_call(SYS_nanosleep, &moment, nullptr);
    }
}

Mask begin_to_listen(Mask theirs) noexcept {
    for (;;) {
        const Mask ours = reserved_mask();
        listens_to.store(ours & ~theirs, std::memory_order_seq_cst);
        // Whoever moves one looks at what we listen to after that.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (reserved_mask() == ours) return ours & ~theirs;
    }
}

void end_to_listen() noexcept {
    listens_to.store(0, std::memory_order_release);
}

bool should_stop() noexcept {
    return stop_wanted.load(std::memory_order_acquire);
}

void last_thread_is_leaving() noexcept {
    settle();
    if (!is_agent_thread()) {
        agent_retire();
        return;
    }
    // The last thread has ended, so no thread is left that could join us.
    end_with_the_process();
}

void end_with_the_process() noexcept {
    // libc still counts a thread that ended without it: only a raw exit ends the process, with the
    // status of the last thread, which should be the program's.
    remove_socket();
    execute::sys_call(SYS_exit, last_exit_status());
}

SendPermit::SendPermit() noexcept {
    senders.fetch_add(1, std::memory_order_seq_cst);
    granted_ = gate_closers.load(std::memory_order_seq_cst) == 0;
}

SendPermit::~SendPermit() {
    senders.fetch_sub(1, std::memory_order_release);
}

void agent_close_gate() noexcept {
    settle();
    gate_closers.fetch_add(1, std::memory_order_seq_cst);
    // A send is one system call long.
    while (senders.load(std::memory_order_acquire) != 0)
        execute::sys_call(SYS_sched_yield);
    // A thread that blocks our signal by direct system calls may have one waiting; the new program
    // would be killed by it.
    if (is_sandboxed()) return;
    const Mask ours = reserved_mask();
    const timespec now{0, 0};
    while (execute::sys_call(SYS_rt_sigtimedwait, &ours, nullptr, &now, sizeof ours) > 0) {
    }
}

void agent_open_gate() noexcept {
    gate_closers.fetch_sub(1, std::memory_order_release);
}

}  // namespace threadfault::shim
