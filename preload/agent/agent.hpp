// The helper thread that serves the control socket. See docs/architecture.md.
#ifndef THREADFAULT_PRELOAD_AGENT_HPP
#define THREADFAULT_PRELOAD_AGENT_HPP

namespace threadfault::shim {

// Starts the agent unless it runs, or was found impossible, in this process. Called by
// pthread_create's interposer before the program's thread is made, so also from constructors and
// inside other libraries' start-up. Never fails visibly: without an agent the program runs on.
// Does all that may allocate or take the loader's lock (loading libgcc_s) in the calling thread.
// Returns before the helper serves.
void agent_start() noexcept;

// Ends the helper and waits until its thread is gone: for the last user thread that is about to
// end, so that the helper does not keep the process alive, and for calls that need a process of
// one thread. A later agent_start() starts anew. False: there was none.
bool agent_retire() noexcept;

// exec: close the gate (no signal is queued any more), wait for sends under way, and take what is
// queued to this thread; open it again when exec failed. May be nested by several threads.
void agent_close_gate() noexcept;
void agent_open_gate() noexcept;

// pthread_atfork's prepare: a process whose only thread is main forks without the helper beside it,
// unless that is busy. Programs look how many threads they have.
void agent_before_fork() noexcept;

// In a child that goes on in the middle of a pthread_create: its new thread comes before anybody
// asks for the helper. Others settle when they first need one, and most children never do.
void agent_after_fork() noexcept;

// While it lives there is no helper, and none is started.
class HelperBan {
public:
    HelperBan() noexcept;
    ~HelperBan();
    HelperBan(const HelperBan&) = delete;
    HelperBan& operator=(const HelperBan&) = delete;

private:
    bool had_one_;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_AGENT_HPP
