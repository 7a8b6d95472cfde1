// The request machine under tf_execute_on_tid, in the asynchronous form that the shim's agent uses:
// post many requests, look at them, revoke them. libc only; no exceptions, no RTTI; every function
// here is async-signal-safe and thread-safe unless it says otherwise.
#ifndef THREADFAULT_EXECUTE_CORE_HPP
#define THREADFAULT_EXECUTE_CORE_HPP

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

namespace threadfault::execute {

// Runs on the chosen thread, in the handler. `context` is the interrupted ucontext_t.
// It may leave without returning when the thread ends (thread exit, forced unwind), not by longjmp,
// and may be interrupted by another request to the same thread (up to eight deep; further ones wait
// for those).
using Function = void (*)(void* argument, void* context);
using PlainFunction = void (*)(void* argument);

// Names one use of one slot. A ticket of an earlier use is recognised as stale, and so is a default
// one.
struct Ticket {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
};

enum class Post : std::uint8_t { posted, no_thread, queue_full, no_slot, no_signal };

//   free --take--> posted --claim (handler's CAS)--> running --return--> done --release--> free
//                    \--revoke (requester's CAS)--> free
// A thread that ends while `running` leaves the slot there; abandon() gives it back.
enum class Phase : std::uint8_t { stale, posted, running, done };

// Queues a request to `tid` of process `pid` (this process; the caller knows its own pid).
// `argument` must stay valid until the phase is done, or revoke() or abandon() took the slot back.
// `*ticket` is set before the request can start.
Post post(pid_t pid, pid_t tid, Function function, void* argument, Ticket* ticket) noexcept;

// The same for a function that returns at once, waits for nothing and does not end the thread:
// further requests wait for its end instead of interrupting it. Saves it a system call.
Post post_brief(pid_t pid, pid_t tid, Function function, void* argument, Ticket* ticket) noexcept;

// The same for a function that does not want the context.
Post post_plain(pid_t pid, pid_t tid, PlainFunction function, void* argument,
                Ticket* ticket) noexcept;

// In a request's function: until the handler returns, no further request interrupts it. For those
// whose end is published while a small stack still holds their signal frame.
void let_nothing_in() noexcept;
// In one that doesn't return and leaves the stack it runs on: its thread stays reachable.
void let_in_again() noexcept;

Phase look(Ticket ticket) noexcept;

// Takes a posted request back: true: the function never ran and never will, and the slot is free.
// False: the handler has claimed it (running or done).
bool revoke(Ticket ticket) noexcept;

// Frees the slot of a done request.
void release(Ticket ticket) noexcept;

// Frees the slot of a running request whose thread is known to have ended (not merely to be slow).
void abandon(Ticket ticket) noexcept;

// Leaves a running request to itself: its slot is freed when the function returns (or, if the
// thread ends inside, when slots get scarce). The ticket is stale from then on. False: it is not
// running any more (done: release it).
bool leave(Ticket ticket) noexcept;

// Waits for `done`, at most until `deadline_ns` (CLOCK_MONOTONIC, nanoseconds). Spins briefly where
// that is cheaper than sleeping, then sleeps in futex(2). Returns the phase last seen.
Phase wait(Ticket ticket, std::int64_t deadline_ns) noexcept;

// Waits until none of the `count` requests is posted or running, at most until `deadline_ns`; looks
// at the last posted first, so that the others are mostly done when looked at. Returns how many are
// still posted or running.
unsigned wait_all(const Ticket* tickets, unsigned count, std::int64_t deadline_ns) noexcept;

// Is the signal blocked in that thread? Reads /proc/self/task/<tid>/status with system calls only.
// `newborn`: everything is blocked, 32 and 33 included, as glibc keeps it for a moment at a
// thread's birth and end: ask again. `gone`: no such thread. `unknown`: /proc can't be read.
enum class Deafness : std::uint8_t { hears, blocked, newborn, gone, unknown };
Deafness deafness(pid_t tid, int signal_number) noexcept;

// The handler and the pool's set-up. Not async-signal-safe.
// Installs the handler for `signal_number` with `sigaction_function` (the libc one: the shim passes
// the real one behind its own interposer). False: errno says why.
using SigactionFunction = int (*)(int, const struct sigaction*, struct sigaction*);
bool install(int signal_number, SigactionFunction sigaction_function) noexcept;

// The first candidate signal whose disposition is SIG_DFL according to the kernel (raw
// rt_sigaction), honouring THREADFAULT_SIGNAL; `skip` is passed over. 0: none is left.
int choose_signal(int skip) noexcept;

// A signal as THREADFAULT_SIGNAL names it: a number, or [SIG]RTMIN[+N] or [SIG]RTMAX[-N]. 0: not a
// real-time signal.
int parse_signal(const char* text) noexcept;

// 0: none.
int signal_in_use() noexcept;

// No signal carries requests any more: the program has taken the last one.
void forget_signal() noexcept;

// Did this process queue the signal, as a request or by poke()?
bool is_ours(const siginfo_t& info) noexcept;

// Queues a signal to `tid` that is_ours() knows and that asks for nothing. 0 or -errno.
long poke(pid_t pid, pid_t tid, int signal_number) noexcept;

// What our handler is given besides (somebody sends the signal that we have taken for ourselves)
// goes to `stranger`, in the handler. nullptr, as at the start: to nobody.
using Stranger = void (*)(int signal_number, siginfo_t* info, void* context);
void pass_strangers_to(Stranger stranger) noexcept;

// Is our handler (still) the kernel's disposition for the signal in use? 0.15 us.
bool handler_in_place() noexcept;

// Forgets every outstanding request: for a forked child, before its first post.
void reset_after_fork() noexcept;

// How many slots are not free: for tests and `doctor`.
unsigned slots_in_use() noexcept;

}  // namespace threadfault::execute

#endif  // THREADFAULT_EXECUTE_CORE_HPP
