// The one table of faults: what each is called, and what kind of thing it is. The command line, the
// scenario files, the grammar of call faults, storms, the C++ interface and the shim take theirs
// from here. Constants alone: the shim uses it in signal handlers.
#ifndef THREADFAULT_BASE_FAULT_HPP
#define THREADFAULT_BASE_FAULT_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace threadfault::base {

// The values travel (wire::FaultRequest) and stand in recorded events: they are never given anew.
enum class Fault : std::uint32_t {
    cancel = 1,
    async_cancel = 2,
    exit = 3,
    vanish = 4,
    signal = 5,
    look = 6,  // nothing is done to the thread: where is it, and could it be killed there?
    freeze = 7,
    thaw = 8,
    slow = 9,
    delay = 10,
    spin = 11,
    interrupt = 12,
    demote = 13,
    capture = 14,  // nothing is done to the thread: its registers and the inner part of its stack
};

// How users ask for faults: a command, a step of a scenario file. The deaths share `kill`.
enum class Verb : std::uint8_t {
    none,  // of what we ask for ourselves
    kill,
    signal,
    freeze,
    thaw,
    slow,
    delay,
    spin,
    interrupt,
    demote,
};

enum class TakesTime : std::uint8_t { never, if_given, always };

struct FaultInfo {
    Fault fault{};
    std::string_view name = "unknown";
    Verb verb = Verb::none;
    bool death = false;       // the thread is to end
    bool unwinds = false;     // clean-up handlers and destructors run
    bool cancels = false;     // by pthread_cancel: has no effect while cancellation is disabled
    bool at_point = false;    // not before the thread comes to a cancellation point
    bool safe_point = false;  // not inside the allocator, the loader or stdio
    bool holds = false;       // the thread stays in our handler for as long as it lasts
    bool undone = false;      // thaw undoes it
    TakesTime time = TakesTime::never;
    std::string_view about = {};  // of the deaths: what happens, in a line of the help
};

// In the order of their values.
inline constexpr FaultInfo kFaults[] = {
    {.fault = Fault::cancel,
     .name = "cancel",
     .verb = Verb::kill,
     .death = true,
     .unwinds = true,
     .cancels = true,
     .at_point = true,
     .about = "pthread_cancel: ends at a cancellation point, clean-up runs"},
    {.fault = Fault::async_cancel,
     .name = "async-cancel",
     .verb = Verb::kill,
     .death = true,
     .unwinds = true,
     .cancels = true,
     .safe_point = true,
     .about = "cancelled at once, even outside a cancellation point"},
    {.fault = Fault::exit,
     .name = "exit",
     .verb = Verb::kill,
     .death = true,
     .unwinds = true,
     .safe_point = true,
     .about = "pthread_exit, run on the thread wherever it is: clean-up runs"},
    {.fault = Fault::vanish,
     .name = "vanish",
     .verb = Verb::kill,
     .death = true,
     .safe_point = true,
     .about = "gone at once: nothing unwinds, locks stay held"},
    {.fault = Fault::signal, .name = "signal", .verb = Verb::signal},
    {.fault = Fault::look, .name = "look"},
    {.fault = Fault::freeze,
     .name = "freeze",
     .verb = Verb::freeze,
     .holds = true,
     .undone = true,
     .time = TakesTime::if_given},
    {.fault = Fault::thaw, .name = "thaw", .verb = Verb::thaw},
    {.fault = Fault::slow,
     .name = "slow",
     .verb = Verb::slow,
     .undone = true,
     .time = TakesTime::if_given},
    {.fault = Fault::delay,
     .name = "delay",
     .verb = Verb::delay,
     .holds = true,
     .undone = true,
     .time = TakesTime::always},
    {.fault = Fault::spin,
     .name = "spin",
     .verb = Verb::spin,
     .holds = true,
     .undone = true,
     .time = TakesTime::always},
    {.fault = Fault::interrupt, .name = "interrupt", .verb = Verb::interrupt},
    {.fault = Fault::demote,
     .name = "demote",
     .verb = Verb::demote,
     .undone = true,
     .time = TakesTime::if_given},
    {.fault = Fault::capture, .name = "capture"},
};
inline constexpr FaultInfo kUnknownFault{};

// Any value may come from outside: what is none is nothing of all that, and called "unknown".
constexpr const FaultInfo& info(Fault fault) noexcept {
    const std::size_t place = static_cast<std::size_t>(fault) - 1;
    return place < std::size(kFaults) ? kFaults[place] : kUnknownFault;
}

constexpr bool faults_are_in_order() noexcept {
    for (std::size_t i = 0; i < std::size(kFaults); ++i) {
        if (static_cast<std::size_t>(kFaults[i].fault) != i + 1) return false;
    }
    return true;
}
static_assert(faults_are_in_order());

struct VerbInfo {
    Verb verb{};
    std::string_view name;
    bool in_storms = true;
    // The keys of a scenario step besides those that choose threads.
    std::array<std::string_view, 4> keys = {};
};

// In the order of the enumeration, which begins with `none`.
inline constexpr VerbInfo kVerbs[] = {
    {Verb::kill, "kill", true, {"how", "wait", "anywhere"}},
    {Verb::signal, "signal", true, {"sig", "value"}},
    {Verb::freeze, "freeze", true, {"for", "wait"}},
    {Verb::thaw, "thaw", false, {"wait"}},
    {Verb::slow, "slow", true, {"to", "for", "wait"}},
    {Verb::delay, "delay", true, {"for", "wait"}},
    {Verb::spin, "spin", true, {"for"}},
    {Verb::interrupt, "interrupt", true, {}},
    {Verb::demote, "demote", true, {"nice", "idle", "cpus", "for"}},
};
inline constexpr VerbInfo kNoVerb{};

constexpr const VerbInfo& info(Verb verb) noexcept {
    const std::size_t place = static_cast<std::size_t>(verb) - 1;
    return place < std::size(kVerbs) ? kVerbs[place] : kNoVerb;
}

constexpr bool verbs_are_in_order() noexcept {
    for (std::size_t i = 0; i < std::size(kVerbs); ++i) {
        if (static_cast<std::size_t>(kVerbs[i].verb) != i + 1) return false;
    }
    return true;
}
static_assert(verbs_are_in_order());

// `none`: no user's word.
constexpr Verb find_verb(std::string_view name) noexcept {
    for (const VerbInfo& one : kVerbs) {
        if (one.name == name) return one.verb;
    }
    return Verb::none;
}

// The fault of a verb that has one; of kill, the default.
constexpr Fault fault_of(Verb verb) noexcept {
    for (const FaultInfo& one : kFaults) {
        if (one.verb == verb) return one.fault;
    }
    return Fault{};
}

// As --how names it; nullptr: it is none.
constexpr const FaultInfo* find_death(std::string_view name) noexcept {
    for (const FaultInfo& one : kFaults) {
        if (one.death && one.name == name) return &one;
    }
    return nullptr;
}

constexpr std::size_t count_deaths() noexcept {
    std::size_t count = 0;
    for (const FaultInfo& one : kFaults)
        count += one.death ? 1 : 0;
    return count;
}

// In the order of the table.
inline constexpr auto kDeaths = [] {
    std::array<Fault, count_deaths()> deaths{};
    std::size_t count = 0;
    for (const FaultInfo& one : kFaults) {
        if (one.death) deaths[count++] = one.fault;
    }
    return deaths;
}();

inline constexpr auto kDeathNames = [] {
    std::array<std::string_view, kDeaths.size()> names{};
    for (std::size_t i = 0; i < names.size(); ++i)
        names[i] = info(kDeaths[i]).name;
    return names;
}();

// The names of the deaths as one text with a final NUL, for messages of code that can't allocate.
struct NameList {
    std::array<char, 96> text{};
    std::size_t length = 0;

    constexpr NameList(std::string_view between, std::string_view before_last) noexcept {
        for (std::size_t i = 0; i < kDeathNames.size(); ++i) {
            if (i > 0) add(i + 1 < kDeathNames.size() ? between : before_last);
            add(kDeathNames[i]);
        }
    }
    constexpr const char* c_str() const noexcept { return text.data(); }

private:
    constexpr void add(std::string_view part) noexcept {
        for (const char c : part)
            text[length++] = c;
    }
};
inline constexpr NameList kDeathsInWords(", ", " or ");  // "cancel, ... or vanish"
inline constexpr NameList kDeathsInGrammar("|", "|");    // "cancel|...|vanish"

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_FAULT_HPP
