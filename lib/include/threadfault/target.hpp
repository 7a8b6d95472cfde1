// A program under test: launch it under the shim, do things to its threads, see what becomes of it.
//
//   auto server = threadfault::Target::launch({"./server", "--port", "8080"},
//                                             {.ready = {.listening = "8080"}});
//   auto results = server.kill("name=worker", {.pick = Pick::first, .how = How::vanish});
//
// Whatever happens to the test program (an exception, Ctrl-C, kill -9), a launched target and every
// process that it has started are ended.
//
// Errors are threadfault::Error (threadfault/error.hpp). A fault that did not take effect, and the
// target's death by a fault, are results, not errors.
//
// Every call on a Target may be made from several threads at once, except for moving and destroying
// it. Calls with a time limit look at least once, also with a limit of 0.
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

// When a launched target counts as ready: all that is set must hold.
struct Ready {
    std::string output = {};     // a regular expression (ECMAScript), found in a line of the
                                 // standard output or error; needs Output::captured
    std::string listening = {};  // a TCP port, or the path of a unix socket ("@name": abstract),
                                 // that the target or a child of it listens on
    std::string thread = {};     // a thread that matches this selector exists
    std::chrono::nanoseconds within = std::chrono::seconds(10);
};

enum class Shim {
    basic,   // what is done to threads, and faults of pthread_create
    points,  // also call faults, for inject() later
};

enum class Output {
    captured,   // kept whole, in memory: output(), errors(), wait_for_line()
    passed,     // goes where the test program's output goes
    discarded,  // /dev/null
};

enum class Input {
    none,    // /dev/null
    piped,   // write(), close_input()
    passed,  // the test program's own
};

struct LaunchOptions {
    std::map<std::string, std::string> environment = {};  // set on top of ours
    std::string directory = {};                           // "": ours
    Output output = Output::captured;
    Input input = Input::none;
    Shim shim = Shim::basic;               // points also where `inject` or `on_start` needs it
    std::string shim_path = {};            // "": $THREADFAULT_SHIM, or the one of this installation
    std::vector<std::string> inject = {};  // SPECs, as `run --inject` takes them
    std::vector<std::string> on_start = {};  // SELECTOR:FAULT, as `run --on-start` takes them
    bool force = false;                      // also faults that no real program could meet there
    std::optional<std::uint64_t> seed = {};  // for probability=
    bool follow = true;                      // programs that it starts get the shim as well
    std::string log = {};                    // the shim writes what it does to this file
    Ready ready = {};
    std::chrono::nanoseconds grace = std::chrono::seconds(1);  // from SIGTERM to SIGKILL at the end
    bool last_stacks = true;  // kill() notes the victim's stack before: last_stack()
};

// How a process ended: neither is set where it can't be told (a process that was attached to).
struct Exit {
    std::optional<int> code = {};
    std::optional<int> signal = {};
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
    std::optional<int> nice = {};  // -20 to 19
    bool idle = false;             // SCHED_IDLE
    std::string cpus = {};         // only these: "0,2-3"
};

struct FaultResult {
    pid_t tid = 0;
    std::string name = {};
    std::string path = {};  // "main/3/1"; "" unknown
    Outcome outcome{};
    std::string reason = {};           // of pending and refused: "cancel-disabled", ...
    std::chrono::nanoseconds took{0};  // from the request to this answer

    [[nodiscard]] bool took_effect() const noexcept {
        return outcome == Outcome::ended || outcome == Outcome::done;
    }
};

// A call fault that is armed.
struct Injection {
    std::uint32_t id = 0;
    std::string spec = {};
    std::uint64_t matched = 0;   // calls that were counted
    std::uint64_t injected = 0;  // of them
};

// --- what is seen --------------------------------------------------------------------------------

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

struct LockInfo {
    WaitKind kind = WaitKind::futex;
    std::uint64_t address = 0;
    std::string symbol = {};
    std::string location = {};
    std::optional<pid_t> owner_tid = {};
    std::string owner_name = {};
    bool owner_alive = false;
    std::string owner_fate =
        {};  // of a dead one: "vanished 3.2 s ago, start routine serve (main/2)"
    std::vector<pid_t> waiters = {};
    bool orphaned = false;                 // its owner is dead
    std::vector<pid_t> stuck_behind = {};  // orphaned: who waits, directly or behind another
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

// What happens to a target's threads from the moment of Target::events() on. Not thread-safe.
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

enum class Stream { output, errors, either };

class Target {
public:
    // The program is searched in PATH; a relative path is seen from our own directory. Returns when
    // the target is ready. Error: what the program can't be started or the shim can't be loaded
    // for; no_effect ("not_ready") when it is not ready in time; target_died when it ended instead.
    [[nodiscard]] static Target launch(const std::vector<std::string>& command,
                                       const LaunchOptions& options = {});
    // A process that somebody else has started under the shim. It is left running at the end.
    [[nodiscard]] static Target attach_to(pid_t pid);

    // Ends a launched target and its children, as terminate() does.
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

    // Selectors are those of the command line (threadfault(1), SELECTORS). One result a victim.
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

    // Arms a call fault (docs/injecting.md) and returns its number.
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

    // False as soon as the process has ended, whether or not its children live.
    [[nodiscard]] bool alive() const;
    // std::nullopt: it still runs.
    [[nodiscard]] std::optional<Exit> wait_exit(
        std::chrono::nanoseconds within = std::chrono::seconds(10)) const;
    // SIGTERM, and after LaunchOptions::grace SIGKILL, to the target and to all that it started
    // (attached to: to the process alone). Returns how the target ended.
    std::optional<Exit> terminate();

    // What was written so far; Output::captured.
    [[nodiscard]] std::string output() const;
    [[nodiscard]] std::string errors() const;
    // The first whole line, from *position on, in which `regex` (ECMAScript) is found; *position is
    // then set behind it. With Stream::either the position can't be kept. std::nullopt: none in
    // time, or there will be none.
    [[nodiscard]] std::optional<std::string> wait_for_line(
        const std::string& regex, std::chrono::nanoseconds within = std::chrono::seconds(10),
        Stream stream = Stream::output, std::size_t* position = nullptr) const;

    // Input::piped. Error{target_died} when nobody reads it any more.
    void write(std::string_view text);
    void close_input();

private:
    struct Impl;
    explicit Target(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace threadfault

#endif  // THREADFAULT_TARGET_HPP
