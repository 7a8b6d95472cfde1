#include "drive/grounds/grounds.hpp"

#include "base/clean_text.hpp"
#include "format/format.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace threadfault::drive {
namespace {

using Code = GroundCode;

// docs/json.md and common.schema.json have the same codes (grounds_test.cpp compares them).
constexpr GroundInfo kGrounds[] = {
    {Code::orphaned_lock, "orphaned_lock",
     "{lock} is orphaned: its owner[ {owner.tid}][ {owner.name}] is dead[, it {owner.fate}]"},
    {Code::dead_waiter, "dead_waiter",
     "{call} waits in {lock} for its waiter {owner.tid} {owner.name}, which is dead, it "
     "{owner.fate}"},
    {Code::deadlocked, "deadlocked",
     "{threads#} {threads:thread is|threads are} in a deadlock: {threads}"},
    {Code::behind_deadlock, "behind_deadlock",
     "{threads#} {threads:thread is|threads are} blocked behind a deadlock: {threads}"},
    {Code::behind_orphan, "behind_orphan",
     "{threads#} {threads:thread is blocked by an orphaned lock|threads are blocked by orphaned "
     "locks}: {threads}"},
    {Code::held_by_fault, "held_by_fault",
     "{threads#} {threads:thread is|threads are} held by a fault: {threads}"},
    {Code::behind_held, "behind_held",
     "{threads#} {threads:thread is blocked behind a held thread|threads are blocked behind held "
     "threads}: {threads}"},
    {Code::active, "active", "{threads#} {threads:thread was|threads were} active: {threads}"},
    {Code::spinning, "spinning",
     "{threads#} {threads:thread spins|threads spin} in one loop of {function}[, {lines}]; may be "
     "a livelock: {threads}"},
    {Code::activity_unseen, "activity_unseen",
     "{threads#} {threads:thread used CPU time; whether it gets|threads used CPU time; whether "
     "they get} on can't be seen: {threads} ({why})"},
    {Code::main_ended, "main_ended", "the main thread has ended"},
    {Code::threads_changed, "threads_changed",
     "{created} {created:thread was|threads were} created, {ended} ended"},
    {Code::stopped, "stopped",
     "{threads#} {threads:thread is|threads are} stopped, by a signal or a debugger: {threads}"},
    {Code::waits_for_outside, "waits_for_outside",
     "{threads#} {threads:thread is|threads are} blocked on input or a timer: {threads}"},
    {Code::waits_for_process, "waits_for_process",
     "{threads#} {threads:thread waits|threads wait} for what another process may unlock, post or "
     "wake: {threads}"},
    {Code::can_be_done_by, "can_be_done_by", "that can be done by {processes}"},
    {Code::waits_in_shared_memory, "waits_in_shared_memory",
     "{threads#} {threads:thread waits for an object|threads wait for objects} in memory that "
     "other processes may share: {threads}"},
    {Code::channel_inside, "channel_inside",
     "{threads#} {threads:thread is blocked on a pipe, socket or queue|threads are blocked on "
     "pipes, sockets or queues} whose every end is in this process: {threads}"},
    {Code::channel_perhaps_shared, "channel_perhaps_shared",
     "{threads#} {threads:thread is blocked on a pipe, socket or queue|threads are blocked on "
     "pipes, sockets or queues} with both ends in this process, and perhaps in another one: "
     "{threads}"},
    {Code::waits_for_object, "waits_for_object",
     "{threads#} {threads:thread is|threads are} blocked on a condition, semaphore or futex: "
     "{threads}"},
    {Code::waits_for_lock, "waits_for_lock",
     "{threads#} {threads:thread is|threads are} blocked on a lock or a join: {threads}"},
    {Code::unexplained, "unexplained",
     "{threads#} {threads:thread is|threads are} blocked for an unknown reason: {threads}"},
    {Code::work_done, "work_done",
     "{cpu_seconds.2} s of CPU time, {wakes} {wakes:wake-up|wake-ups} in {seconds.1} s"},
    {Code::nobody_left, "nobody_left",
     "no thread is left to wake the others: none is active or blocked on input or a timer"},
    {Code::signal_may_wake, "signal_may_wake",
     "a signal handler or another process may still wake one of them"},

    {Code::owner_inherited, "owner_inherited",
     "inherited over fork() from thread {tid} of process {pid}"},
    {Code::owner_left_at_fork, "owner_left_at_fork",
     "locked by thread {tid} of process {pid} when another thread of it forked this process, in "
     "which that thread doesn't exist"},
    {Code::owner_perhaps_inherited, "owner_perhaps_inherited",
     "inherited over fork(): locked by thread {tid} of process {pid}"},
    {Code::owner_foreign, "owner_foreign",
     "locked by thread {tid}, which is none of this process's: inherited over fork(), or left by a "
     "dead thread"},
    {Code::owner_ambiguous, "owner_ambiguous",
     "locked by thread {tid}: that is the number of one in several pid namespaces"},
    {Code::owner_in_namespace, "owner_in_namespace",
     "locked by thread {tid}: perhaps in another pid namespace"},
    {Code::owner_unreadable, "owner_unreadable",
     "locked by thread {tid}: process {pid} may share the lock, and can't be looked at"},
    {Code::owner_unseen, "owner_unseen",
     "locked by thread {tid}: processes outside of this pid namespace can't be seen"},
    {Code::owner_without_map, "owner_without_map",
     "locked by thread {tid}: such a thread lives, in a process that doesn't map the lock"},

    {Code::would_be_refused, "would_be_refused", "it would be refused: {reason}"},
    {Code::stack_unreadable, "stack_unreadable", "the thread's stack could not be read: {why}"},
    {Code::position, "position", "it is in {place}[ called from {caller}]"},
    {Code::nothing_unwinds, "nothing_unwinds",
     "nothing unwinds: no destructor, no clean-up handler runs"},
    {Code::inside_libc, "inside_libc",
     "it is inside the allocator, the loader or stdio: `kill` waits until it leaves, unless the "
     "death is allowed anywhere"},
    {Code::holds_standard_stream, "holds_standard_stream",
     "it holds {lock}: `kill` waits until it is released, unless the death is allowed anywhere"},
    {Code::cancel_disabled, "cancel_disabled",
     "cancellation is disabled: the request stays pending until the thread enables it"},
    {Code::at_cancellation_point, "at_cancellation_point",
     "it is at a cancellation point: the request takes effect at once"},
    {Code::not_at_cancellation_point, "not_at_cancellation_point",
     "it is not at a cancellation point: the request stays pending until it reaches one"},
    {Code::holds_lock, "holds_lock",
     "it holds {lock}[, and {waiters} {waiters:thread waits|threads wait} for it]"},
    {Code::lock_released, "lock_released",
     "{taken_again:libc reacquires|it holds} {lock}{taken_again: before the wait returns|}"
     "[, and {waiters} {waiters:thread waits|threads wait} for it]: {releaser} releases it"},
    {Code::lock_perhaps_released, "lock_perhaps_released",
     "{taken_again:libc reacquires|it holds} {lock}{taken_again: before the wait returns|}"
     "[, and {waiters} {waiters:thread waits|threads wait} for it]: {releaser} may release it"},
    {Code::lock_robust, "lock_robust",
     "{taken_again:libc reacquires|it holds} {lock}{taken_again: before the wait returns|}"
     "[, and {waiters} {waiters:thread waits|threads wait} for it]"
     "{unwinds:, and nothing releases it during unwinding|}: it is robust, so the next owner gets "
     "EOWNERDEAD"},
    {Code::lock_orphaned, "lock_orphaned",
     "{taken_again:libc reacquires|it holds} {lock}{taken_again: before the wait returns|}"
     "[, and {waiters} {waiters:thread waits|threads wait} for it]"
     "{unwinds:, and nothing releases it during unwinding|}: it will be orphaned"},
    {Code::clean_up_runs, "clean_up_runs",
     "{frames} {frames:frame runs|frames run} clean-up code (destructors, handlers)"},
    {Code::stack_incomplete, "stack_incomplete", "{why}"},
    {Code::stack_too_deep, "stack_too_deep", "the stack is deeper than the part that was examined"},
    {Code::table_unreadable, "table_unreadable", "the exception table of {place} can't be read"},
    {Code::catch_rethrows, "catch_rethrows", "{handler} catches it and rethrows it"},
    {Code::catch_swallows, "catch_swallows",
     "{handler} swallows the forced unwind: libc then aborts (\"FATAL: exception not rethrown\")",
     "{handler}, swallowed the forced unwind"},
    {Code::catch_unknown, "catch_unknown",
     "{handler} catches the forced unwind; whether it rethrows it can't be determined from its "
     "code: if not, libc aborts (\"FATAL: exception not rethrown\")",
     "{handler}, caught the forced unwind; whether it rethrew it is unknown"},
    {Code::clean_up_unknown, "clean_up_unknown",
     "{handler}: whether unwinding continues after it can't be determined from its code"},
    {Code::handler_terminates, "handler_terminates", "{handler} calls std::terminate",
     "{handler}, called std::terminate"},
    {Code::handler_ends_process, "handler_ends_process", "{handler} ends the process",
     "{handler}, ended the process"},
    {Code::catch_meets_another, "catch_meets_another",
     "{handler} is entered while {place} handles another exception: the C++ runtime then calls "
     "std::terminate",
     "{handler}, was entered while {place} handles another exception: std::terminate"},
    {Code::noexcept_frame, "noexcept_frame",
     "{place} is noexcept[, or a function inlined there is ({inlined})]: unwinding calls "
     "std::terminate there",
     "{place}, is noexcept[, or a function inlined there is ({inlined})]: the forced unwind called "
     "std::terminate there"},
    {Code::not_unwindable_here, "not_unwindable_here",
     "{place} can't be unwound from {exact:where it is|the call that it is in}: its exception "
     "table doesn't cover that {exact:instruction|call} (the compiler found that nothing throws "
     "there, or it is noexcept), so unwinding calls std::terminate",
     "{place}: its exception table doesn't cover the instruction that it was at"},
};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(kGrounds); ++i)
        if (static_cast<std::size_t>(kGrounds[i].code) != i) return false;
    return true;
}
static_assert(is_in_order());
static_assert(std::size(kGrounds) == static_cast<std::size_t>(Code::not_unwindable_here) + 1);

template <class Element>
std::string listed(const std::vector<Element>& elements, std::string (*text_of)(const Element&)) {
    constexpr std::size_t kMost = 8;
    std::vector<std::string> texts;
    for (const Element& element : elements) {
        if (texts.size() == kMost) break;
        texts.push_back(text_of(element));
    }
    std::string text = joined(texts, ", ");
    if (elements.size() <= kMost) return text;
    return formatted("{} and {} more", text, elements.size() - kMost);
}

std::string text_of_thread(const GroundThread& one) {
    return formatted("{} {}{}{}", one.tid, one.name, one.call.empty() ? "" : " in ", one.call);
}

std::string text_of_process(const GroundProcess& one) {
    if (one.command.empty()) return formatted("process {}", one.pid);
    return formatted("process {} ({})", one.pid, one.command);
}

std::string text_of_lock(const GroundLock& lock) {
    const std::string name = lock.symbol.empty() ? formatted("{:#x}", lock.address) : lock.symbol;
    if (lock.kind == "stream") {
        return formatted("the lock of {}{}", lock.standard ? "" : "FILE ", name);
    }
    return formatted("{} {}", lock.kind, name);
}

// A value's text; `part` is what follows its key behind a dot.
struct TextOf {
    std::string_view part;

    std::string operator()(bool value) const { return value ? "yes" : ""; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
        return part == "1" ? formatted("{:.1f}", value) : formatted("{:.2f}", value);
    }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const std::vector<std::string>& value) const {
        return joined(value, " or ");
    }
    std::string operator()(const std::vector<GroundThread>& value) const {
        return listed(value, text_of_thread);
    }
    std::string operator()(const std::vector<GroundProcess>& value) const {
        return listed(value, text_of_process);
    }
    std::string operator()(const GroundLock& value) const { return text_of_lock(value); }
    std::string operator()(const GroundOwner& value) const {
        if (part == "tid") return value.tid == 0 ? std::string() : std::to_string(value.tid);
        return part == "name" ? value.name : value.fate;
    }
};

struct CountOf {
    std::size_t operator()(bool value) const { return value ? 1 : 0; }
    std::size_t operator()(std::int64_t value) const { return static_cast<std::size_t>(value); }
    template <class Element>
    std::size_t operator()(const std::vector<Element>& value) const {
        return value.size();
    }
    template <class Other>
    std::size_t operator()(const Other&) const {
        return 0;
    }
};

class GroundWriter {
public:
    explicit GroundWriter(const Ground& ground) : ground_(ground) {}

    std::string write(std::string_view pattern) {
        std::string out;
        std::size_t at = 0;
        while (at < pattern.size()) {
            const char first = pattern[at];
            if (first != '{' && first != '[') {
                out += first;
                ++at;
                continue;
            }
            const std::size_t end = pattern.find(first == '{' ? '}' : ']', at);
            const std::string_view inside = pattern.substr(at + 1, end - at - 1);
            if (first == '{') {
                out += placeholder(inside);
            } else {
                something_is_empty_ = false;
                const std::string group = write(inside);
                if (!something_is_empty_) out += group;
            }
            at = end + 1;
        }
        return out;
    }

private:
    const GroundValue* value(std::string_view key) const {
        const auto found = std::find_if(ground_.data.begin(), ground_.data.end(),
                                        [key](const auto& one) { return one.first == key; });
        return found == ground_.data.end() ? nullptr : &found->second;
    }

    std::string placeholder(std::string_view inside) {
        const std::size_t colon = inside.find(':');
        if (colon != std::string_view::npos) {
            const std::string_view choices = inside.substr(colon + 1);
            const std::size_t bar = choices.find('|');
            return std::string(count(inside.substr(0, colon)) == 1 ? choices.substr(0, bar)
                                                                   : choices.substr(bar + 1));
        }
        if (inside.ends_with('#')) {
            inside.remove_suffix(1);
            return std::to_string(count(inside));
        }
        const std::size_t dot = inside.find('.');
        const std::string_view part =
            dot == std::string_view::npos ? std::string_view() : inside.substr(dot + 1);
        const GroundValue* const found = value(inside.substr(0, dot));
        std::string text = found == nullptr ? std::string() : std::visit(TextOf{part}, *found);
        if (text.empty()) something_is_empty_ = true;
        return text;
    }

    std::size_t count(std::string_view key) const {
        const GroundValue* const found = value(key);
        return found == nullptr ? 0 : std::visit(CountOf{}, *found);
    }

    const Ground& ground_;
    bool something_is_empty_ = false;
};

}  // namespace

std::span<const GroundInfo> grounds_table() noexcept {
    return kGrounds;
}

const GroundInfo& info(GroundCode code) noexcept {
    return kGrounds[static_cast<std::size_t>(code)];
}

std::string sentence(const Ground& ground) {
    return GroundWriter(ground).write(info(ground.code).sentence);
}

std::string sentence_afterwards(const Ground& ground) {
    return GroundWriter(ground).write(info(ground.code).afterwards);
}

std::vector<std::string> sentences(const std::vector<Ground>& grounds) {
    std::vector<std::string> all;
    all.reserve(grounds.size());
    for (const Ground& ground : grounds)
        all.push_back(sentence(ground));
    return all;
}

std::string to_lines(const Ground& ground) {
    std::string lines = formatted("{}\n", info(ground.code).name);
    for (const auto& [key, value] : ground.data) {
        if (const auto* const text = std::get_if<std::string>(&value)) {
            lines += formatted("{}={}\n", key, base::clean_line(*text));
        } else if (const auto* const flag = std::get_if<bool>(&value); flag != nullptr && *flag) {
            lines += formatted("{}\n", key);
        }
    }
    return lines;
}

std::optional<Ground> parse_ground(std::string_view lines) {
    // The keys that they may have: GroundValue's owner keeps none of its own.
    constexpr std::string_view kKeys[] = {"place", "handler", "inlined",
                                          "exact", "why",     "why_code"};
    std::optional<Ground> ground;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!ground) {
            const auto found = std::find_if(std::begin(kGrounds), std::end(kGrounds),
                                            [line](const auto& one) { return one.name == line; });
            if (found == std::end(kGrounds)) return std::nullopt;
            ground = Ground{found->code, {}};
            continue;
        }
        const std::size_t equals = line.find('=');
        const auto key = std::find(std::begin(kKeys), std::end(kKeys), line.substr(0, equals));
        if (key == std::end(kKeys)) continue;
        if (equals == std::string_view::npos) {
            ground->data.emplace_back(*key, true);
        } else {
            ground->data.emplace_back(*key, std::string(line.substr(equals + 1)));
        }
    }
    return ground;
}

}  // namespace threadfault::drive
