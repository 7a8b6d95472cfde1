// The target's threads: pthread_t, kernel tid, start routine, creator, path. Lock-free: written by
// the threads themselves at birth and end, read by the agent and from signal handlers.
//
// A record lives from pthread_create until the last round of the thread's TSD destructors (or
// until the agent has seen the tid vanish), so the pthread_t in a live record is valid.
// Storage is mmapped slabs of our own, never the target's malloc; when no memory is available the
// thread simply has no record.
#ifndef THREADFAULT_PRELOAD_REGISTRY_HPP
#define THREADFAULT_PRELOAD_REGISTRY_HPP

#include "preload/base/relaxed.hpp"
#include "preload/base/signals.hpp"
#include "wire/wire.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace threadfault::shim {

// free -> born (creator filled it in) -> alive (the thread registered itself) -> ending (its
// start routine is left; destructors run) -> free
enum class Life : std::uint32_t { free, born, alive, ending };

enum class End : std::uint32_t { none, returned, exited, cancelled, vanished };

struct alignas(64) Record {
    std::atomic<Life> life{Life::free};
    std::atomic<std::uint32_t> version{0};  // seqlock: odd while the fields below change
    std::uint32_t id = 0;                   // place in the slabs, for ever
    std::atomic<std::uint32_t> next_free{0};
    std::atomic<std::uint64_t> serial{0};  // unique per thread in this process, from 1
    Relaxed<std::uint32_t> generation;     // fork_generation() in which it counts as living
    std::atomic<pid_t> tid{0};
    std::atomic<pthread_t> thread{0};
    Relaxed<void*> start_routine;  // what the program passed, to whichever call
    Relaxed<void*> argument;
    Relaxed<std::int64_t> birth_ns;  // CLOCK_BOOTTIME
    Relaxed<pid_t> creator_tid;
    Relaxed<std::uint32_t> index;
    std::uint32_t children = 0;  // successful creates by this thread; only that thread writes it
    Relaxed<std::uint32_t> depth;
    Relaxed<std::uint32_t> path[wire::kMaxPathDepth] = {};
    Relaxed<bool> is_main;
    Relaxed<bool> detached;
    std::atomic<End> end{End::none};
    std::atomic<std::uint32_t> faults{0};  // wire::kInForce...
    // Of CLOCK_MONOTONIC, kNever where there is none: the end of what holds it (kInForceFreeze and
    // kInForceDelay), as the thread itself says, and of kInForceSlow, with its share in percent.
    Relaxed<std::int64_t> hold_until;
    Relaxed<std::int64_t> slow_until;
    Relaxed<std::uint32_t> slow_percent;
    std::atomic<std::uint32_t> pins{0};        // see Pin
    std::atomic<std::uint32_t> hold_word{0};   // changes when the thread is let go (faults/hold)
    std::atomic<std::uint32_t> interrupts{0};  // handled so far
    // The futex word that it slept on when it was told to vanish; 0: none.
    std::atomic<std::uint64_t> waited_on{0};
    // The lowest address that the stack may use, as far as it is known: 0 otherwise (main, the
    // default size).
    std::uint64_t stack_low = 0;
    std::uint64_t stack_size = 0;  // as asked for; 0: the default, or the program's own memory
    // The alternate signal stack, as the thread itself has set it; size 0: none. By direct system
    // calls, which we don't see, another may have taken its place.
    Relaxed<std::uint64_t> alternate_low;
    Relaxed<std::uint64_t> alternate_size;
    Relaxed<bool> alternate_disarms;  // SS_AUTODISARM
    Relaxed<bool> filtered;           // its creator had put a filter on itself (base/sandbox)
    Belief belief{};  // of the creator at the creation: for the new thread's first instructions
    std::atomic<std::uint64_t> name[2] = {};  // comm, 16 bytes
};

// The calling thread's record, or nullptr (threads that libc made; the agent). Initial-exec TLS:
// async-signal-safe.
Record* self() noexcept;

// Has the calling thread had a record that is gone? Then it is in its very last moments, where libc
// takes it apart.
bool has_left() noexcept;

// Is it one of ours that has not come to register itself yet?
bool is_newborn() noexcept;

// What the interposers make threads for; defined there.
extern const void* const trampolines[2];

// --- a thread's life, as it is lived ---------------------------------------------------------

// In the creator, before the real call: a record with the place in the family that the thread will
// have, or nullptr when memory is short. Lock-free.
Record* expect_thread(void* start_routine, void* argument,
                      const pthread_attr_t* attributes) noexcept;
// The real call succeeded; `serial` is what the record had before it: by now it may have a new
// user.
void thread_was_made(Record* record, std::uint64_t serial, pthread_t thread) noexcept;
// The real call failed.
void forget_expected(Record* record) noexcept;

// In the new thread, first of all: from now on it is listed, and its end is noticed.
void register_self(Record* record) noexcept;

// In the thread: how it is going to end. The first word counts, but nothing outdoes `vanished`.
void mark_end(End end) noexcept;

// The calling thread ends itself by a raw exit with that status, or in another way (0). The process
// ends with the status of its last thread (Linux 5.17), which may have been that one although our
// helper outlives it. Async-signal-safe.
void note_exit_status(int status) noexcept;
int last_exit_status() noexcept;

// The main thread's record; made by the main thread itself, when the shim is loaded.
void register_main() noexcept;

// By the agent, for a thread that the kernel has ended without its destructors (vanish): frees the
// record. Does nothing when the record has another serial by now.
void bury(Record* record, std::uint64_t serial) noexcept;

// The same for one of whose end nobody has told, and that was found gone: when it ended is not
// known.
void bury_unannounced(Record* record, std::uint64_t serial) noexcept;

// While it lives, the thread's record stays and so does what its pthread_t names, unless the thread
// ends by a raw exit: its destructors wait. For calls that a program could make too, and no longer.
class Pin {
public:
    Pin(Record* record, std::uint64_t serial) noexcept;
    ~Pin();
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    // False: that thread has ended, or is in its last moments.
    explicit operator bool() const noexcept { return held_; }

private:
    Record* record_;
    bool held_;
};

// A forked child forgets everybody but the calling thread, who becomes main, and those who are not
// born yet: libc may hold the record as a start argument, and a pthread_create may be under way.
// Done when the child first needs its registry; until then this costs two loads.
void settle_registry() noexcept;

// The calling thread is in a pthread_create, which a handler that forks may have interrupted: the
// child has no later chance to settle before its new thread runs. Async-signal-safe.
bool is_creating() noexcept;

// The calling thread is inside a pthread_create while this lives.
class Creation {
public:
    Creation() noexcept;
    ~Creation();
    Creation(const Creation&) = delete;
    Creation& operator=(const Creation&) = delete;
};

// The calling thread is one that has not come to register itself and is about to vanish: lets it be
// known by its tid, so that it can be buried. Async-signal-safe.
void own_up_to_newborn() noexcept;

// The calling thread has this alternate signal stack from now on. Async-signal-safe.
void note_alternate_stack(const stack_t& alternate) noexcept;

// --- looking -----------------------------------------------------------------------------------

// Copies a live record out; false when it is not live or its serial changed meanwhile.
// Async-signal-safe.
bool copy_record(const Record& record, wire::ThreadRecord* out) noexcept;

// Records by id, 1..record_limit()-1 (0 is never used): iteration for the agent.
std::uint32_t record_limit() noexcept;
Record* record_at(std::uint32_t id) noexcept;

// The living record with that tid (and serial, unless 0), or nullptr. Linear; for the agent.
Record* find_record(pid_t tid, std::uint64_t serial) noexcept;
Record* find_record_of(pthread_t thread) noexcept;

// Living user threads that count for the process's life: main and registered threads.
std::uint32_t live_threads() noexcept;
// Records that are in use: back to live_threads() when all is quiet.
std::uint32_t records_in_use() noexcept;
std::uint64_t serials() noexcept;

void load_path(const Record& record, std::uint32_t out[wire::kMaxPathDepth]) noexcept;
void store_name(Record* record, const char* name) noexcept;  // 15 bytes at most are kept
void load_name(const Record& record, char out[wire::kThreadNameSize]) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_REGISTRY_HPP
