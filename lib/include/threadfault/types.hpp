// The enumerations of threadfault's C++ interface, and the names that the command line and its JSON
// use for their values.
//
// to_string() returns "" for a value that is none of the enumeration; parse_…() returns
// std::nullopt for a text that names none.
//
// Needs C++17.
#ifndef THREADFAULT_TYPES_HPP
#define THREADFAULT_TYPES_HPP

#include <cstdint>
#include <optional>
#include <string_view>

namespace threadfault {

// How a thread is made to end.
enum class How : std::uint8_t { cancel, async_cancel, exit, vanish };

// Of several threads that match: it is an error unless one of the others is asked for. The main
// thread is chosen by all, first and random only when the selector names it as such, or when
// nothing else matches.
enum class Pick : std::uint8_t { one, all, first, random };

// What became of a fault.
enum class Outcome : std::uint8_t {
    ended,        // the kernel no longer lists the thread
    done,         // the fault is in force, or over
    pending,      // not yet, but it may still happen
    refused,      // not done, and nothing is left behind
    target_died,  // the whole process ended
};

// Is a process making progress?
enum class Progress : std::uint8_t { progressing, idle, stuck, unknown };

// What a thread waits for; of a lock, what it is. futex: none of the others, or not known which.
enum class WaitKind : std::uint8_t { mutex, rwlock, cond, sem, barrier, join, futex };

// What happens to a thread. The values are those that agents send (docs/protocol.md): they are
// never given anew.
enum class EventKind : std::uint32_t { created = 1, named = 2, ended = 3, fault = 4 };

// How a thread ended. As EventKind, the values are never given anew.
enum class EndKind : std::uint32_t {
    unknown = 0,
    returned = 1,
    exited = 2,
    cancelled = 3,
    vanished = 4
};

[[nodiscard]] std::string_view to_string(How how) noexcept;  // "async-cancel"
[[nodiscard]] std::string_view to_string(Pick pick) noexcept;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;  // "target-died"
[[nodiscard]] std::string_view to_string(Progress progress) noexcept;
[[nodiscard]] std::string_view to_string(WaitKind kind) noexcept;
[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;
[[nodiscard]] std::string_view to_string(EndKind kind) noexcept;

[[nodiscard]] std::optional<How> parse_how(std::string_view text) noexcept;
[[nodiscard]] std::optional<Pick> parse_pick(std::string_view text) noexcept;
[[nodiscard]] std::optional<Outcome> parse_outcome(std::string_view text) noexcept;
[[nodiscard]] std::optional<Progress> parse_progress(std::string_view text) noexcept;
[[nodiscard]] std::optional<WaitKind> parse_wait_kind(std::string_view text) noexcept;
[[nodiscard]] std::optional<EventKind> parse_event_kind(std::string_view text) noexcept;
[[nodiscard]] std::optional<EndKind> parse_end_kind(std::string_view text) noexcept;

}  // namespace threadfault

#endif  // THREADFAULT_TYPES_HPP
