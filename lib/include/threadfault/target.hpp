// A program under test: launch it under the shim, do things to its threads, see what becomes of it.
//
//   auto server = threadfault::Target::launch({"./server", "--port", "8080"},
//                                             {.ready = {.listening = "8080"}});
//   server.kill("name=worker", {.pick = Pick::first, .how = How::vanish});
//
// However the test program ends (an exception, Ctrl-C, kill -9), a launched target and every
// process that it started are terminated.
//
// Errors are thrown as threadfault::Error (threadfault/error.hpp). A fault that did not take effect
// and a target that died of a fault are results, not errors.
//
// Thread safety: every member of Target may be called from several threads at once, except moving
// and destroying it. A call with a time limit checks at least once, even with a limit of 0.
//
// Needs C++17; designated initialisers as above, C++20.
#ifndef THREADFAULT_TARGET_HPP
#define THREADFAULT_TARGET_HPP

#include "threadfault/error.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault {

// --- launching -----------------------------------------------------------------------------------

// When launch() returns. Every condition that is set must hold; with none set, launch() returns as
// soon as the program runs.
struct Ready {
    // A regular expression (ECMAScript) that a line of the standard output or standard error must
    // match. Needs Output::captured. Error{usage} without it, Error{bad_regex} when malformed.
    std::string output = {};
    // A TCP port ("8080") or the path of a unix socket ("@name": abstract) that the target or one
    // of its children must listen on.
    std::string listening = {};
    // A selector that at least one thread must match.
    std::string thread = {};
    // How long launch() waits for these conditions; after that it throws Error "not_ready".
    std::chrono::nanoseconds within = std::chrono::seconds(10);
};

enum class Shim {
    basic,   // faults on threads, and call faults of pthread_create only
    points,  // call faults of every call as well: inject()
};

enum class Output {
    captured,   // kept in memory without limit: output(), errors(), wait_for_line()
    passed,     // inherited from the test program
    discarded,  // /dev/null
};

enum class Input {
    none,    // /dev/null
    piped,   // a pipe: write(), close_input()
    passed,  // inherited from the test program
};

struct LaunchOptions {
    // Variables added to the test program's environment; the same name replaces its value,
    // LD_PRELOAD excepted: that is appended to the shim.
    std::map<std::string, std::string> environment = {};
    // The working directory; "": that of the test program. Error "no_directory" when it can't be
    // entered.
    std::string directory = {};
    // Where standard output and standard error go.
    Output output = Output::captured;
    // Where standard input comes from.
    Input input = Input::none;
    // Shim::points is used automatically when `inject` or `on_start` needs it.
    Shim shim = Shim::basic;
    // The shim's file; "": $THREADFAULT_SHIM, else the one of this installation. Error "bad_shim".
    std::string shim_path = {};
    // Call faults that are armed from the start, as in `run --inject SPEC`. Error "bad_spec" or
    // "illegitimate_fault".
    std::vector<std::string> inject = {};
    // Faults at the start of threads, as in `run --on-start SELECTOR:FAULT`. Error "bad_spec".
    std::vector<std::string> on_start = {};
    // Accept call faults that the call's specification rules out, in `inject`.
    bool force = false;
    // Seed for call faults with probability= whose SPEC has no seed=.
    std::optional<std::uint64_t> seed = {};
    // Programs that the target starts (exec) run under the shim too.
    bool follow = true;
    // A file that the shim writes its log to; "": no log.
    std::string log = {};
    // What launch() waits for.
    Ready ready = {};
    // Time between SIGTERM and SIGKILL in terminate() and in the destructor.
    std::chrono::nanoseconds grace = std::chrono::seconds(1);
    // kill() records the victim's stack before the fault, for last_stack(). Costs one stack trace
    // per victim.
    bool last_stacks = true;
};

// How a process ended. At most one is set; neither when the test program is not the parent, as
// after attach_to().
struct Exit {
    std::optional<int> code = {};    // exit status, 0 to 255
    std::optional<int> signal = {};  // the signal that ended it
    // "exited with code 3", "was ended by SIGABRT", "ended".
    std::string text() const;
};

// --- what is done to threads ---------------------------------------------------------------------

// How kill() ends a thread (docs/faults.md).
enum class How {
    cancel,        // pthread_cancel: ends at its next cancellation point, clean-up runs
    async_cancel,  // cancelled at once, even outside a cancellation point; clean-up runs
    exit,          // pthread_exit called on the thread; clean-up runs
    vanish,        // a raw exit system call: no clean-up runs, locks stay held
};

// Which of the threads that match a selector are victims. all, first and random leave out the main
// thread unless the selector names it or nothing else matches.
enum class Pick {
    one,     // exactly one may match; Error "ambiguous_selector" when several do
    all,     // every match
    first,   // the first in order of creation
    random,  // one at random, see FaultOptions::seed
};

struct FaultOptions {
    // Which of several matching threads.
    Pick pick = Pick::one;
    // Pick::random: the same seed picks the same thread again; not set: a random one.
    std::optional<std::uint64_t> seed = {};
    // How long to wait for the fault to take effect; after that the outcome is pending or refused.
    std::chrono::nanoseconds wait = std::chrono::seconds(1);
    // freeze, slow, demote: the fault is undone after this time; 0: it lasts until thaw().
    std::chrono::nanoseconds duration{0};
    // kill: the kind of death.
    How how = How::cancel;
    // kill: do not wait until the thread has left the allocator, the loader and stdio.
    bool anywhere = false;
};

// What demote() changes. Error{usage} when nothing is set or a value is out of range.
struct Demotion {
    std::optional<int> nice = {};  // nice value, -20 to 19; not set: unchanged
    bool idle = false;             // use the scheduling policy SCHED_IDLE
    std::string cpus = {};         // run on these CPUs only: "0,2-3"; "": unchanged
};

enum class Outcome {
    ended,        // the thread has ended: the kernel no longer lists it
    done,         // the fault is in force, or is already over
    pending,      // requested, but not in effect within `wait`; it may still happen
    refused,      // not done, and it will not happen later
    target_died,  // the whole process ended
};

// What happened to one victim.
struct FaultResult {
    pid_t tid = 0;
    std::string name = {};  // the thread's name when it was chosen
    std::string path = {};  // its thread path, such as "main/3/1"; "": unknown
    Outcome outcome{};
    std::string reason = {};  // a token such as "cancel-disabled", then ": " and a description;
                              // "" when there is nothing to explain
    double seconds = 0;       // from the request to the outcome

    bool took_effect() const noexcept {
        return outcome == Outcome::ended || outcome == Outcome::done;
    }
};

// The names that the command line and JSON use: "ended", "target-died", "async-cancel".
// parse_how() returns std::nullopt for any other text.
std::string_view to_string(Outcome outcome) noexcept;
std::string_view to_string(How how) noexcept;
std::optional<How> parse_how(std::string_view text) noexcept;

// An armed call fault.
struct Injection {
    std::uint32_t id = 0;        // as inject() returned it
    std::string spec = {};       // as inject() was given it
    std::uint64_t matched = 0;   // calls that matched so far
    std::uint64_t injected = 0;  // how many of those got the fault
};

// --- what is seen --------------------------------------------------------------------------------

// What a thread is blocked on.
struct ThreadWait {
    std::string kind = {};                // mutex, rwlock, cond, sem, barrier, join or futex
    std::uint64_t address = 0;            // of the object, in the target
    std::string symbol = {};              // of a global object: "table_lock"; "": unknown
    std::optional<pid_t> owner_tid = {};  // not set: the object has no owner, or it is unknown
    bool owner_alive = false;             // only meaningful with owner_tid
};

struct ThreadInfo {
    pid_t tid = 0;
    std::string name = {};                    // as in /proc/PID/task/TID/comm
    char state = '?';                         // as in /proc: R, S, D, T, t, I, Z or X
    bool main = false;                        // the main thread
    double cpu_seconds = 0;                   // user and system CPU time used
    double age_seconds = 0;                   // since it was created
    std::string start = {};                   // name of the start routine; "": unknown
    std::string start_location = {};          // its source line, "file:line"; "": unknown
    std::string path = {};                    // "main/3/1", the same in every run; "": unknown
    std::optional<std::uint32_t> index = {};  // creation order, 0 for main; not set: unknown
    std::optional<pid_t> creator_tid = {};    // the thread that created it; not set: unknown
    std::optional<ThreadWait> waiting = {};   // not set: not blocked on a known object
    std::vector<std::string> faults = {};     // names of the faults in force: "freeze"

    // A selector for exactly this thread. Tids may be reused after the thread has ended.
    std::string selector() const { return std::to_string(tid); }
};

// A lock, or another object that at least one thread waits for.
struct LockInfo {
    std::string kind = {};                // as ThreadWait::kind
    std::uint64_t address = 0;            // in the target
    std::string symbol = {};              // of a global object; "": unknown
    std::string location = {};            // "libfoo.so+0x4040", "heap", "stack of 123"
    std::optional<pid_t> owner_tid = {};  // not set: no owner, or its tid is unknown
    std::string owner_name = {};          // "": unknown
    bool owner_alive = false;
    // How a dead owner ended: "vanished 3.2 s ago, start routine serve (main/2)"; "": unknown.
    std::string owner_fate = {};
    std::vector<pid_t> waiters = {};       // threads that wait for it directly
    bool orphaned = false;                 // its owner is dead
    std::vector<pid_t> stuck_behind = {};  // of an orphaned lock: all threads blocked by it,
                                           // directly or behind another lock
};

struct LockReport {
    std::vector<LockInfo> locks = {};
    std::vector<std::vector<pid_t>> cycles = {};  // deadlocks: each waits for the next one's lock
    std::string tree = {};                        // the same as text, as `threadfault locks` prints
    bool has_orphans() const noexcept;            // one of `locks` is orphaned
};

// The verdict of watch() (docs/diagnosis.md).
enum class Progress {
    progressing,  // a thread used CPU time or woke up often
    idle,         // all threads wait for input or a timer, or for threads that do
    stuck,        // threads are in a deadlock, or blocked by a dead or frozen owner; or no thread
                  // is left that could wake the others
    unknown,      // none of these could be established
};
std::string_view to_string(Progress progress) noexcept;

struct WatchReport {
    Progress verdict = Progress::unknown;
    std::vector<std::string> evidence = {};  // what the verdict rests on, a line each
    LockReport locks = {};                   // as seen at the end
    double seconds = 0;                      // how long the target was watched
};

struct Event {
    enum class Kind { created, named, ended, fault };
    Kind kind{};
    double time = 0;           // seconds since 1970-01-01 00:00 UTC
    pid_t tid = 0;             // the thread
    std::string name = {};     // its name then
    std::string path = {};     // its thread path; "": unknown
    std::string how = {};      // ended: returned, exited, cancelled or vanished; fault: its name
    std::string outcome = {};  // fault: as to_string(Outcome)
    std::uint64_t lost = 0;    // events dropped before this one because they came too fast
};

// The events of a target's threads since Target::events(). Not thread-safe.
class EventStream {
public:
    ~EventStream();
    EventStream(EventStream&& other) noexcept;
    EventStream& operator=(EventStream&& other) noexcept;

    // The next event, or std::nullopt when none came in time. Error{target_died} when the target
    // has ended and no event is left.
    std::optional<Event> next(std::chrono::nanoseconds within = std::chrono::seconds(10));

private:
    friend class Target;
    struct Impl;
    explicit EventStream(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

// --- the target ----------------------------------------------------------------------------------

// Standard output, standard error, or both.
enum class Stream { output, errors, either };

class Target {
public:
    // Starts command[0] with the rest as arguments. A name without "/" is searched in PATH; a
    // relative path is relative to the test program's working directory. Returns when the target is
    // ready. Error: "not_found" or "not_executable"; "cannot_preload" when the shim can't be loaded
    // into it; "not_ready" when it is not ready in time; "target_died" when it ended first.
    static Target launch(const std::vector<std::string>& command,
                         const LaunchOptions& options = {});
    // Uses a process that was started under the shim by other means. The destructor leaves it
    // running. Error "no_such_process", "no_agent" or "not_permitted".
    static Target attach_to(pid_t pid);

    // Terminates a launched target and its children as terminate() does.
    ~Target();
    Target(Target&& other) noexcept;
    Target& operator=(Target&& other) noexcept;

    pid_t pid() const noexcept;
    const std::vector<std::string>& command() const noexcept;

    // All threads in order of creation. Without an agent, what only the agent knows (path, start
    // routine, ...) is unset.
    std::vector<ThreadInfo> threads() const;
    // The threads that match; may be empty. Error "bad_selector".
    std::vector<ThreadInfo> threads(std::string_view selector) const;
    // Waits for a thread that matches and returns the first one. Error "no_such_thread" when there
    // is none in time, "target_died" when the target ended.
    ThreadInfo wait_for_thread(std::string_view selector,
                               std::chrono::nanoseconds within = std::chrono::seconds(10)) const;
    // Waits until no thread matches. Returns false if one still does after `within`.
    bool wait_until_gone(std::string_view selector,
                         std::chrono::nanoseconds within = std::chrono::seconds(10)) const;

    // Faults. Selectors are those of the command line (threadfault(1), SELECTORS). They return one
    // result per victim. Error "bad_selector", "no_such_thread", "ambiguous_selector", "no_agent",
    // "not_permitted", or "usage" for a value out of range.
    using Results = std::vector<FaultResult>;
    Results kill(std::string_view selector, const FaultOptions& options = {});
    Results freeze(std::string_view selector, const FaultOptions& options = {});
    // Undoes the faults in force, except a pending cancellation. selector "": every thread that has
    // one.
    Results thaw(std::string_view selector = {}, const FaultOptions& options = {});
    // The thread runs `percent` (1 to 99) of the time.
    Results slow(std::string_view selector, unsigned percent, const FaultOptions& options = {});
    Results delay(std::string_view selector, std::chrono::nanoseconds time,
                  const FaultOptions& options = {});
    Results spin(std::string_view selector, std::chrono::nanoseconds cpu_time,
                 const FaultOptions& options = {});
    Results interrupt(std::string_view selector, const FaultOptions& options = {});
    Results demote(std::string_view selector, const Demotion& demotion,
                   const FaultOptions& options = {});
    Results signal(std::string_view selector, int number, const FaultOptions& options = {},
                   std::int64_t value = 0);
    // `name` as in "TERM", "SIGSEGV" or "RTMIN+3".
    Results signal(std::string_view selector, std::string_view name,
                   const FaultOptions& options = {}, std::int64_t value = 0);

    // Arms a call fault (docs/injecting.md) and returns its number. `force` accepts faults that the
    // call's specification rules out; `seed` is for probability=. Error "bad_spec",
    // "illegitimate_fault", "needs_points", or "too_many" when no more can be armed.
    std::uint32_t inject(std::string_view spec, bool force = false,
                         std::optional<std::uint64_t> seed = {});
    std::vector<Injection> injections() const;
    // Removes all call faults and returns how many there were.
    std::uint32_t clear_injections();

    // The stacks of the threads that match ("": all), as `threadfault stack` prints them.
    // Error "no_stack" and others when they can't be read.
    std::string stack(std::string_view selector = {}) const;
    // The stack of the latest victim of kill() before the fault; "" if it was not recorded
    // (LaunchOptions::last_stacks).
    std::string last_stack() const;
    LockReport locks() const;
    // Whether the target makes progress, observed from outside for this long (at least 20 ms).
    // Error "target_died" when it ends meanwhile.
    WatchReport watch(std::chrono::nanoseconds duration) const;
    EventStream events() const;

    // False once the process has ended, even if children of it still run.
    bool alive() const;
    // Waits for the process to end; std::nullopt if it still runs after `within`.
    std::optional<Exit> wait_exit(std::chrono::nanoseconds within = std::chrono::seconds(10)) const;
    // Sends SIGTERM, and after LaunchOptions::grace SIGKILL, to the target and to every process
    // that it started (after attach_to(): to the process only). Returns how the target ended.
    std::optional<Exit> terminate();

    // What the target has written so far to standard output and standard error. Error{usage}
    // without Output::captured.
    std::string output() const;
    std::string errors() const;
    // Returns the first complete line that matches `regex` (ECMAScript, found anywhere in the
    // line), or std::nullopt when none came in time or the target ended. The search starts at
    // *position (an offset into the output) and sets it to the end of that line; not supported with
    // Stream::either. Error "bad_regex"; Error{usage} without Output::captured.
    std::optional<std::string> wait_for_line(
        const std::string& regex, std::chrono::nanoseconds within = std::chrono::seconds(10),
        Stream stream = Stream::output, std::size_t* position = nullptr) const;

    // Writes to the target's standard input; needs Input::piped. Error "input_closed" when the
    // target no longer reads it.
    void write(std::string_view text);
    void close_input();

private:
    struct Impl;
    explicit Target(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace threadfault

#endif  // THREADFAULT_TARGET_HPP
