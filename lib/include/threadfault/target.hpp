// A program under test: launch it under the shim, do things to its threads, see what becomes of it.
//
//   auto server = threadfault::Target::launch({"./server", "--port", "8080"},
//                                             {.ready = {.listening = "8080"}});
//   auto results = server.kill("name=worker", {.pick = Pick::first, .how = How::vanish});
//
// A process that runs already becomes one with Target::attach_to(pid).
//
// However the test program ends (an exception, Ctrl-C, kill -9), a launched target and every
// process that it started are terminated; one that was attached to goes on unharmed.
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
#include "threadfault/types.hpp"

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
    // A regular expression (RE2) that a line of the standard output or standard error must
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
    captured,   // kept in memory, the last 16 MiB of each stream: output(), errors(),
                // wait_for_line()
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
    // A directory that is removed, with all that is in it, when this Target goes and all that the
    // target started has ended; also when the test program is killed. "": none.
    std::string scratch = {};
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

// For attach_to().
struct AttachOptions {
    // What attach_to() waits for. `output` can't be: Error{usage}.
    Ready ready = {};
    // Time between SIGTERM and SIGKILL in terminate().
    std::chrono::nanoseconds grace = std::chrono::seconds(1);
    // As in LaunchOptions.
    bool last_stacks = true;
};

// How a process ended. At most one is set; neither when the test program is not the parent, as
// after attach_to().
struct Exit {
    std::optional<int> code = {};    // exit status, 0 to 255
    std::optional<int> signal = {};  // the signal that ended it
    // "exited with code 3", "was ended by SIGABRT", "ended".
    [[nodiscard]] std::string text() const;
};

// --- what is done to threads ---------------------------------------------------------------------

// What every fault takes.
struct FaultOptions {
    Pick pick = Pick::one;
    std::optional<std::uint64_t> seed = {};                   // Pick::random: the same choice again
    std::chrono::nanoseconds wait = std::chrono::seconds(1);  // how long it may take
};

// Of faults that last until they are undone.
struct LastingOptions {
    Pick pick = Pick::one;
    std::optional<std::uint64_t> seed = {};
    std::chrono::nanoseconds wait = std::chrono::seconds(1);
    std::chrono::nanoseconds duration{0};  // undone after it; 0: not before thaw()
};

struct KillOptions {
    Pick pick = Pick::one;
    std::optional<std::uint64_t> seed = {};
    std::chrono::nanoseconds wait = std::chrono::seconds(1);
    How how = How::cancel;
    bool anywhere = false;  // also inside the allocator, the loader and stdio
};

using SignalOptions = FaultOptions;
using ThawOptions = FaultOptions;
using DelayOptions = FaultOptions;
using SpinOptions = FaultOptions;
using InterruptOptions = FaultOptions;
using FreezeOptions = LastingOptions;
using SlowOptions = LastingOptions;
using DemoteOptions = LastingOptions;

// What demote() changes; at least one must be set.
struct Demotion {
    std::optional<int> nice = {};  // nice value, -20 to 19; not set: unchanged
    bool idle = false;             // use the scheduling policy SCHED_IDLE
    std::string cpus = {};         // run on these CPUs only: "0,2-3"; "": unchanged
};

struct FaultResult {
    pid_t tid = 0;
    std::string name = {};  // the thread's name when it was chosen
    std::string path = {};  // its thread path, such as "main/3/1"; "": unknown
    Outcome outcome{};
    std::string reason = {};           // of pending and refused: "cancel-disabled", ...
    std::chrono::nanoseconds took{0};  // from the request to this answer

    [[nodiscard]] bool took_effect() const noexcept {
        return outcome == Outcome::ended || outcome == Outcome::done;
    }
};

// A call fault that is armed.
struct Injection {
    std::uint32_t id = 0;        // as inject() returned it
    std::string spec = {};       // as inject() was given it
    std::uint64_t matched = 0;   // calls that matched so far
    std::uint64_t injected = 0;  // how many of those got the fault
    // How many did not, because what the call was about can't give that error; and what could. See
    // `force` of inject().
    std::uint64_t skipped = 0;
    std::string skipped_because = {};
};

// --- what is seen --------------------------------------------------------------------------------

// What a thread is blocked on.
struct ThreadWait {
    WaitKind kind = WaitKind::futex;
    std::uint64_t address = 0;
    std::string symbol = {};
    std::optional<pid_t> owner_tid = {};
    bool owner_alive = false;
};

struct ThreadInfo {
    pid_t tid = 0;
    std::string name = {};
    char state = '?';  // as in /proc: R S D T t Z
    bool main = false;
    std::chrono::nanoseconds cpu{0};  // CPU time that it has used
    std::chrono::nanoseconds age{0};
    std::string start = {};           // name of the start routine
    std::string start_location = {};  // file:line
    std::string path = {};            // "main/3/1", the same from run to run
    std::optional<std::uint32_t> index = {};
    std::optional<pid_t> creator_tid = {};
    std::optional<ThreadWait> waiting = {};
    std::vector<std::string> faults = {};  // in force

    // Means this very thread, while it lives.
    [[nodiscard]] std::string selector() const { return std::to_string(tid); }
};

// A lock, or another object that at least one thread waits for.
struct LockInfo {
    WaitKind kind = WaitKind::futex;
    std::uint64_t address = 0;
    std::string symbol = {};
    std::string location = {};
    std::optional<pid_t> owner_tid = {};
    std::string owner_name = {};
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
    std::vector<std::vector<pid_t>> cycles = {};  // deadlocks
    std::string tree = {};                        // for people
    [[nodiscard]] bool has_orphans() const noexcept;
};

struct WatchReport {
    Progress verdict = Progress::unknown;
    std::vector<std::string> evidence = {};
    LockReport locks = {};
    std::chrono::nanoseconds watched{0};
    std::vector<std::string> codes = {};  // of each sentence: "behind_orphan", as in JSON; stable
};

struct Event {
    EventKind kind = EventKind::created;
    std::chrono::system_clock::time_point time = {};
    pid_t tid = 0;
    std::string name = {};
    std::string path = {};
    std::optional<EndKind> end = {};      // ended
    std::string fault = {};               // fault: its name
    std::optional<Outcome> outcome = {};  // fault: ended, done or pending
    std::uint64_t lost = 0;               // events before this one that came too fast
};

// The events of a target's threads since Target::events(). Not thread-safe.
class EventStream {
public:
    ~EventStream();
    EventStream(EventStream&& other) noexcept;
    EventStream& operator=(EventStream&& other) noexcept;

    // std::nullopt: none came in time. Error{target_died}: there will be none.
    [[nodiscard]] std::optional<Event> next(
        std::chrono::nanoseconds within = std::chrono::seconds(10));

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
    // The program is searched in PATH; a relative path is seen from our own directory. Returns when
    // the target is ready. Error: what the program can't be started or the shim can't be loaded
    // for; no_effect ("not_ready") when it is not ready in time; target_died when it ended instead.
    [[nodiscard]] static Target launch(const std::vector<std::string>& command,
                                       const LaunchOptions& options = {});
    // A process that somebody else has started. Under the shim (`threadfault run`) its agent is
    // used. Any other one (a static program, one in a container) is attached to, as `threadfault
    // attach` does: one of its threads stands still for a tenth of a millisecond, and a guardian
    // outside does what is asked (docs/attach.md). It is let go, with every fault undone, when the
    // last Target of it goes, or its program, however that ends; where `threadfault attach` was
    // there before, faults stay in force.
    // Without the shim there are no call faults, and no path, index or creator_tid but of main.
    // Error "no_such_process", "not_permitted" (what a debugger may not trace), "target_stopped",
    // "no_agent" (this program itself; a process that can't be attached to, and why),
    // "agent_silent" (no thread could be borrowed; again later), "no_helper", "target_died",
    // "not_ready".
    [[nodiscard]] static Target attach_to(pid_t pid, const AttachOptions& options = {});

    // Terminates a launched target and its children as terminate() does. Lets one go that was
    // attached to, as detach() does, for 10 s at most.
    ~Target();
    Target(Target&& other) noexcept;
    Target& operator=(Target&& other) noexcept;

    [[nodiscard]] pid_t pid() const noexcept;
    [[nodiscard]] const std::vector<std::string>& command() const noexcept;

    // In order of creation. Works without an agent too, and then knows less.
    [[nodiscard]] std::vector<ThreadInfo> threads() const;
    // Those that match.
    [[nodiscard]] std::vector<ThreadInfo> threads(std::string_view selector) const;
    // The first that matches. Error{no_such_thread} when there is none in time, target_died when
    // there will be none.
    ThreadInfo wait_for_thread(std::string_view selector,
                               std::chrono::nanoseconds within = std::chrono::seconds(10)) const;
    // Until no thread matches; false: one is still there.
    [[nodiscard]] bool wait_until_gone(
        std::string_view selector,
        std::chrono::nanoseconds within = std::chrono::seconds(10)) const;

    // Faults. Selectors are those of the command line (threadfault(1), SELECTORS). They return one
    // result per victim. Error "bad_selector", "no_such_thread", "ambiguous_selector", "no_agent",
    // "not_permitted", or "usage" for a value out of range.
    using Results = std::vector<FaultResult>;
    [[nodiscard]] Results kill(std::string_view selector, const KillOptions& options = {});
    [[nodiscard]] Results freeze(std::string_view selector, const FreezeOptions& options = {});
    // "": every thread with a fault in force.
    [[nodiscard]] Results thaw(std::string_view selector = {}, const ThawOptions& options = {});
    [[nodiscard]] Results slow(std::string_view selector, unsigned percent,
                               const SlowOptions& options = {});
    [[nodiscard]] Results delay(std::string_view selector, std::chrono::nanoseconds time,
                                const DelayOptions& options = {});
    [[nodiscard]] Results spin(std::string_view selector, std::chrono::nanoseconds cpu_time,
                               const SpinOptions& options = {});
    [[nodiscard]] Results interrupt(std::string_view selector,
                                    const InterruptOptions& options = {});
    [[nodiscard]] Results demote(std::string_view selector, const Demotion& demotion,
                                 const DemoteOptions& options = {});
    // `value`: sigval, for handlers with SA_SIGINFO.
    [[nodiscard]] Results signal(std::string_view selector, int number, std::int64_t value = 0,
                                 const SignalOptions& options = {});
    // "TERM", "SIGSEGV", "RTMIN+3".
    [[nodiscard]] Results signal(std::string_view selector, std::string_view name,
                                 std::int64_t value = 0, const SignalOptions& options = {});

    // Arms a call fault (docs/injecting.md) and returns its number. `force` accepts faults that the
    // call's specification rules out; `seed` is for probability=. Error "bad_spec",
    // "illegitimate_fault", "needs_points" (of an attached process, always: it has no shim), or
    // "too_many" when no more can be armed.
    std::uint32_t inject(std::string_view spec, bool force = false,
                         std::optional<std::uint64_t> seed = {});
    [[nodiscard]] std::vector<Injection> injections() const;
    // How many were armed.
    std::uint32_t clear_injections();

    // What `threadfault stack` prints of the threads that match ("": all).
    [[nodiscard]] std::string stack(std::string_view selector = {}) const;
    // The stack that the latest victim of kill() had before; "" where it was not noted.
    [[nodiscard]] std::string last_stack() const;
    [[nodiscard]] LockReport locks() const;
    // Is it making progress? Looks from outside, for this time.
    [[nodiscard]] WatchReport watch(std::chrono::nanoseconds duration) const;
    [[nodiscard]] EventStream events() const;

    // Process ids, ascending, of this process and all that it started, as far as they have an agent
    // (the shim, and more than one thread); processes that went to the background among them.
    // `command`: a GLOB for the program's file name or the main thread's name; "": any. For
    // attach_to().
    [[nodiscard]] std::vector<pid_t> targets(std::string_view command = {}) const;

    // Lets a process go that attach_to() has attached to: when this returns, and no other Target
    // or client of it is left, no fault is in force and nothing of ours in it. Nothing is done to a
    // process with an agent of its own, nor where `threadfault attach` was there before. Error
    // "agent_silent" when a thread can't be let go for 10 s (an uninterruptible wait): the guardian
    // goes on trying; "usage" for a launched target.
    void detach();

    // False as soon as the process has ended, whether or not its children live.
    [[nodiscard]] bool alive() const;
    // std::nullopt: it still runs.
    [[nodiscard]] std::optional<Exit> wait_exit(
        std::chrono::nanoseconds within = std::chrono::seconds(10)) const;
    // SIGTERM, and after LaunchOptions::grace SIGKILL, to the target and to all that it started
    // (attached to: to the process alone). Returns how the target ended.
    std::optional<Exit> terminate();

    // What was written so far; Output::captured. Of each stream the last 16 MiB at least are kept.
    [[nodiscard]] std::string output() const;
    [[nodiscard]] std::string errors() const;
    // Bytes at the beginning of the stream that are not kept any more; Stream::either: of both.
    [[nodiscard]] std::size_t lost_output(Stream stream = Stream::either) const;
    // The first whole line, from *position on, in which `regex` (RE2) is found; *position is
    // then set behind it. With Stream::either the position can't be kept. std::nullopt: none in
    // time, or there will be none.
    [[nodiscard]] std::optional<std::string> wait_for_line(
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
