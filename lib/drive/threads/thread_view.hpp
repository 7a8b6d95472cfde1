// One picture of a target's threads: what /proc shows of them and what the agent knows.
#ifndef THREADFAULT_DRIVE_THREADS_THREAD_VIEW_HPP
#define THREADFAULT_DRIVE_THREADS_THREAD_VIEW_HPP

#include "client/connection.hpp"
#include "drive/grounds/grounds.hpp"
#include "observe/call_evidence.hpp"
#include "observe/process.hpp"
#include "observe/sharers.hpp"
#include "observe/symbols.hpp"
#include "observe/wait_object.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

class SameCalls;
class SeenThreads;

struct Waiting {
    WaitKind kind{};
    std::uint64_t address = 0;
    std::string symbol;   // of a global object, or "stdout"; "" where none is known
    bool stream = false;  // the symbol is the name of libc's stream, and no global's
    bool part = false;    // the global is larger: the object may be a member of it
    std::string call;     // that the thread is in: "pthread_join"; "" unknown
    std::optional<pid_t> owner_tid;
    pid_t owner_pid = 0;               // the owner is a thread of this process; 0: of the same one
    std::optional<Ground> owner_note;  // how it came to own it, or why it is not known
    bool owner_alive = false;
    bool owner_dead = false;  // its owner is dead, and its tid is not known any more
    bool timed = false;       // it will end by itself
};

struct HeldLock {
    WaitKind kind{};
    std::uint64_t address = 0;
    std::string symbol;  // "" unknown
    std::size_t waiters = 0;
    bool part = false;  // as Waiting's
};

struct ThreadView {
    pid_t tid = 0;
    std::string name;
    char state = '?';
    bool main = false;
    double cpu_seconds = 0;
    double age_seconds = 0;
    std::uint64_t start_ticks = 0;
    std::optional<observe::TaskSyscall> syscall;  // where asked for and permitted
    std::optional<Waiting> waiting;
    std::vector<std::string> on_stack;  // functions, innermost first; where asked for (add_stacks)
    std::string stack_unknown;          // why those are not known, where asked for
    std::vector<HeldLock> holding;  // as far as their waiters tell; where asked for (add_holdings)
    std::string end;  // of a main thread that has ended: "exited 3.2 s ago (main)"; "" unknown
    std::optional<bool> signal_blocked;  // the agent's signal; where asked for

    // From the agent's registry; empty for threads that it doesn't know, except that pthread and
    // start may be told from outside.
    bool registered = false;
    pid_t inner_tid = 0;
    std::uint64_t serial = 0;
    std::uint64_t pthread = 0;
    std::uint64_t start_address = 0;
    std::uint64_t start_argument = 0;
    std::string start;           // name of the start routine; "" unknown, and for main
    std::string start_location;  // file:line; "" unknown
    std::string path;            // "main/3/1"
    std::optional<std::uint32_t> index;
    std::optional<pid_t> creator_tid;
    std::uint32_t cancel = wire::kCancelUnknown;
    std::uint32_t faults = 0;  // wire::kInForce...
    // Unset: not in force, or until it is undone.
    std::optional<double> hold_left;  // seconds, of freeze or delay
    std::optional<double> slow_left;
    std::optional<unsigned> slow_percent;  // of the time that it would run
};

// What a listing is to know beyond /proc's stat. Files that are not needed are not read.
struct Needs {
    bool waits = false;    // syscall, and the object waited for
    bool masks = false;    // status: is the agent's signal blocked?
    bool starts = false;   // names of start routines
    bool symbols = false;  // names of the objects waited for
    // pthread_t and start routine also of threads that the agent does not know: a program is run
    // for them, where there are any.
    bool outside = false;
    // For several looks at one process, which then learn its code once; nullptr: a look's own.
    observe::CallFacts* calls = nullptr;
    observe::Sharers* sharers = nullptr;  // who has shared memory, likewise
    SeenThreads* seen = nullptr;  // of one process: threads that have not run are not read again
    SameCalls* same = nullptr;    // likewise: threads that are in the same call
};

struct ThreadList {
    std::vector<ThreadView> threads;  // ascending creation order where known, then tids
    pid_t agent_tid = 0;
    bool waits_permitted = true;
};

// `connection` may be nullptr: then /proc alone. Uses two reader threads where there are many.
// The agent's thread and kernel workers are left out.
ThreadList list_threads(const observe::Process& process, client::Connection* connection,
                        const Needs& needs);

// The object's name where `address` lies in a global variable, "cache+0x28"; code and stacks have
// none: "".
std::string object_symbol(observe::Symbols& symbols, std::uint64_t address);

// Is that variable larger than an object of libc's that threads wait in?
bool is_part(observe::Symbols& symbols, std::uint64_t address, WaitKind kind);

// "main/3/1"; the middle of a path deeper than the agent keeps is "…".
std::string path_text(const wire::ThreadRecord& record);

// May this record be about the thread that now has its tid? Tids are used again.
bool is_same_thread(const wire::ThreadRecord& record, std::uint64_t start_ticks) noexcept;

// "freeze 3.2s", "slow 10% 1m", ...: the faults in force, with what is known of them.
std::vector<std::string> faults_in_words(const ThreadView& thread);
// "freeze", "cancel", ...: the faults in force.
std::vector<std::string_view> fault_names(std::uint32_t in_force);

// What a blocked thread is in, for people: "epoll_wait(9)", "clock_nanosleep"; "" when it runs.
std::string syscall_text(const observe::TaskSyscall& syscall);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_THREAD_VIEW_HPP
