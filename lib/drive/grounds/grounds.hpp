// Why a verdict or a forecast is what it is: one statement each, with a code and the data that its
// sentence is made of. All statements, with their sentences, are in grounds.cpp's table.
#ifndef THREADFAULT_DRIVE_GROUNDS_GROUNDS_HPP
#define THREADFAULT_DRIVE_GROUNDS_GROUNDS_HPP

#include "threadfault/types.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace threadfault::drive {

enum class GroundCode : std::uint8_t {
    // of `watch` and `locks`
    orphaned_lock,
    dead_waiter,
    deadlocked,
    behind_deadlock,
    behind_orphan,
    held_by_fault,
    behind_held,
    active,
    spinning,
    activity_unseen,
    main_ended,
    threads_changed,
    stopped,
    waits_for_outside,
    waits_for_process,
    can_be_done_by,
    waits_in_shared_memory,
    channel_inside,
    channel_perhaps_shared,
    waits_for_object,
    waits_for_lock,
    unexplained,
    work_done,
    nobody_left,
    signal_may_wake,
    // of one lock: how its owner came to it, or why it is not known
    owner_inherited,
    owner_left_at_fork,
    owner_perhaps_inherited,
    owner_foreign,
    owner_ambiguous,
    owner_in_namespace,
    owner_unreadable,
    owner_unseen,
    owner_without_map,
    // of forecasts
    would_be_refused,
    stack_unreadable,
    position,
    nothing_unwinds,
    inside_libc,
    holds_standard_stream,
    cancel_disabled,
    at_cancellation_point,
    not_at_cancellation_point,
    holds_lock,
    lock_released,
    lock_perhaps_released,
    lock_robust,
    lock_orphaned,
    clean_up_runs,
    stack_incomplete,
    stack_too_deep,
    table_unreadable,
    catch_rethrows,
    catch_swallows,
    catch_unknown,
    clean_up_unknown,
    handler_terminates,
    handler_ends_process,
    catch_meets_another,
    noexcept_frame,
    not_unwindable_here,
};

struct GroundThread {
    pid_t tid = 0;
    std::string name;
    std::string call;  // that it waits in; "" not told
};

struct GroundProcess {
    pid_t pid = 0;
    std::string command;  // "" it has just ended
};

struct GroundLock {
    std::string_view kind;  // a WaitKind's name, or "stream"
    std::uint64_t address = 0;
    std::string symbol;     // "" unknown
    bool standard = false;  // of stdin, stdout or stderr
};

struct GroundOwner {
    pid_t tid = 0;     // 0: unknown
    std::string name;  // "" unknown
    std::string fate;  // "" unknown
};

// A flag is written when it is true, and a list when something is in it.
using GroundValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>,
                 std::vector<GroundThread>, std::vector<GroundProcess>, GroundLock, GroundOwner>;

struct Ground {
    GroundCode code{};
    std::vector<std::pair<std::string_view, GroundValue>> data;
};

struct GroundInfo {
    GroundCode code{};
    std::string_view name;  // in JSON
    // "{key}" is a value's text, "{key#}" how many it is, "{key:one|many}" a choice by that number,
    // "{key.1}" a number with that many decimals; what is in brackets is left out if a text in it
    // is empty.
    std::string_view sentence;
    std::string_view afterwards = {};  // of what has happened; "" where that is not told
};

[[nodiscard]] std::span<const GroundInfo> grounds_table() noexcept;
[[nodiscard]] const GroundInfo& info(GroundCode code) noexcept;
[[nodiscard]] std::string sentence(const Ground& ground);
[[nodiscard]] std::string sentence_afterwards(const Ground& ground);
[[nodiscard]] std::vector<std::string> sentences(const std::vector<Ground>& grounds);

// From one of our programs to another: the code, and what of the data is text or a flag.
[[nodiscard]] std::string to_lines(const Ground& ground);
[[nodiscard]] std::optional<Ground> parse_ground(std::string_view lines);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_GROUNDS_GROUNDS_HPP
