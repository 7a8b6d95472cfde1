// What a SPEC says, compiled: fixed layout, no pointers. Used by the command and by the shim.
#ifndef THREADFAULT_INJECT_RULE_HPP
#define THREADFAULT_INJECT_RULE_HPP

#include "inject/calls.hpp"
#include "wire/wire.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace threadfault::inject {

enum class Action : std::uint8_t {
    error,      // the call is not made, and fails
    spurious,   // the wait returns at once as if it had been woken
    interrupt,  // the call returns as if a signal had interrupted it
    delay,      // the thread stands still for a time
    freeze,     // the same, told as a freeze
    kill,       // the thread ends, in the way that `death` says
};

enum class Side : std::uint8_t { before, after };

// The calls that a rule is about, counted from 1 in the process: first, first + step, … up to last.
struct When {
    std::uint64_t first = 1;
    std::uint64_t last = UINT64_MAX;
    std::uint64_t step = 1;
};

// Addresses, end exclusive: absolute, or of the program's file as it was linked.
struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// Terms of thread=. All that are set must hold.
struct ThreadMatch {
    static constexpr std::uint32_t kMain = 1U << 0;
    static constexpr std::uint32_t kTid = 1U << 1;
    static constexpr std::uint32_t kName = 1U << 2;
    static constexpr std::uint32_t kPath = 1U << 3;
    static constexpr std::uint32_t kNth = 1U << 4;
    static constexpr std::uint32_t kStart = 1U << 5;
    static constexpr std::size_t kMostRanges = 8;
    static constexpr std::size_t kNameSize = 64;
    static constexpr std::size_t kStartSize = 200;

    std::uint32_t terms = 0;
    std::int32_t tid = 0;
    std::uint32_t nth = 0;
    std::uint32_t depth = 0;  // components of `path` behind "main"
    std::uint32_t path[wire::kMaxPathDepth] = {};
    char name[kNameSize] = {};    // GLOB
    char start[kStartSize] = {};  // GLOB; used where there are no ranges
    std::uint32_t range_count = 0;
    bool relative = false;  // the ranges are of the program's file
    Range ranges[kMostRanges] = {};
};

struct Rule {
    CallSet calls;
    Action action{};
    Side side = Side::before;
    bool forced = false;           // also on objects that can't give the error (possible.hpp)
    wire::Fault death{};           // kill: one of base::kDeaths
    std::int32_t error = 0;        // error: errno, or thrd_... of a C11 call
    std::int64_t duration_ns = 0;  // delay, freeze
    When when;
    std::uint64_t chance = UINT64_MAX;  // of 2^64; UINT64_MAX: always
    std::uint64_t seed = 0;
    bool child = false;  // only in processes that were forked
    ThreadMatch thread;
};
static_assert(std::is_trivially_copyable_v<Rule> && std::is_standard_layout_v<Rule>);

// The longest SPEC that travels, with its final NUL.
inline constexpr std::size_t kSpecSize = wire::kSpecSize;

// What is wrong with a SPEC, and where.
struct Problem {
    enum class Word : std::uint8_t { call, fault, error, death, option, term, other };

    std::size_t column = 0;          // of the first byte that is wrong, from 1; 0: nothing is wrong
    std::size_t length = 0;          // of the word that stands there
    Word word = Word::other;         // what kind of word was expected: for suggestions
    const char* expected = nullptr;  // "a fault", for people
};

// The grammar (docs/injecting.md). `text` needs no final NUL. False: `problem` is set.
// Whether the fault may stand at the call is not looked at: that is the command's business
// (spec.hpp), and --force lifts it. No allocation; async-signal-safe.
bool parse(const char* text, std::size_t length, Rule* rule, Problem* problem) noexcept;

// --- what happens at a call ---------------------------------------------------------------------

// What a guest knows about the calling thread.
struct ThreadFacts {
    std::int32_t tid = 0;
    std::uint32_t index = 0;
    bool is_main = false;
    std::uint32_t depth = 0;
    std::uint32_t path[wire::kMaxPathDepth] = {};
    char name[wire::kThreadNameSize] = {};
    std::uint64_t start = 0;         // address of the start routine; 0 for main
    std::uint64_t program_base = 0;  // added to relative ranges
    // "" or nullptr where it has none; asked for only if a rule has a glob for it and no ranges.
    const char* (*start_name)(std::uint64_t address) noexcept = nullptr;
};

bool matches(const ThreadMatch& match, const ThreadFacts& thread) noexcept;

// Does the rule fire at the `number`th call that matches it, counted from 1? The same for the same
// seed and number, whichever thread makes the call.
bool fires(const Rule& rule, std::uint64_t number) noexcept;

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_RULE_HPP
