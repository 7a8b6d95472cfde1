#include "preload/agent/stack_room.hpp"

#include "arch/frame_size.hpp"
#include "base/fault.hpp"
#include "preload/base/libc_layout.hpp"
#include "preload/base/own_memory.hpp"
#include "preload/base/stack_growth.hpp"
#include "preload/base/task_file.hpp"
#include "preload/faults/stack_needs.hpp"

#include <sys/auxv.h>

#include <algorithm>

namespace threadfault::shim {

namespace {

using wire::Stack;

// Larger than that, a stack is not small, and more than that is not looked for.
constexpr std::uint32_t kLarge = 64 * 1024;

struct Victim {
    const Record* record;
    bool waits = false;  // in the kernel, with:
    std::uint64_t stack_pointer = 0;
};

Victim look_at(pid_t tid, const Record* record) noexcept {
    Victim victim{record};
    victim.waits = waiting_stack_pointer(tid, &victim.stack_pointer);
    return victim;
}

bool has_alternate(const Victim& victim) noexcept {
    return victim.record != nullptr && victim.record->alternate_size != 0;
}

// As the kernel's on_sig_stack() has it.
bool is_on_alternate(const Victim& victim) noexcept {
    if (!victim.waits || !has_alternate(victim)) return false;
    const std::uint64_t low = victim.record->alternate_low;
    return victim.stack_pointer > low &&
           victim.stack_pointer - low <= victim.record->alternate_size;
}

StackVerdict judged(Stack stack, std::uint64_t left, std::uint32_t wanted) noexcept {
    const std::uint32_t frame = signal_frame_size();
    const auto told = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kLarge));
    return {told >= wanted, {stack, told, wanted, frame}};
}

// The part of the thread's own stack below its stack pointer: what can be read there, and nothing
// beyond the end that we know; a guard can't be read, but not every stack has one.
std::uint64_t left_below(const Victim& victim) noexcept {
    const std::uint64_t top = victim.stack_pointer;
    std::uint64_t left = readable_below(top, kLarge);
    const bool may_grow = victim.record == nullptr || victim.record->is_main;
    if (may_grow && left < kLarge) left = std::max(left, room_to_grow(top));
    if (victim.record == nullptr) return left;
    const std::uint64_t low = victim.record->stack_low;
    // Elsewhere it is on a stack that the program has made itself (swapcontext).
    const bool known = low != 0 && top >= low && top < victim.record->thread.load();
    return known ? std::min(left, top - low) : left;
}

StackVerdict judge_running(const Victim& victim, std::uint32_t wanted) noexcept {
    const StackVerdict not_known{false,
                                 {Stack::own, wire::kRoomUnknown, wanted, signal_frame_size()}};
    const std::uint64_t top = victim.record != nullptr ? victim.record->thread.load() : 0;
    if (victim.record != nullptr && victim.record->is_main) {
        const std::uint64_t main_stack = libc_stack_end();
        if (main_stack == 0 || never_grown(main_stack) >= wanted) return {};
        return not_known;
    }
    // One that libc has made is as large as libc makes them.
    if (top == 0) return {};
    const std::uint64_t known = victim.record->stack_low;
    const std::uint64_t low = known != 0 && known < top ? known : top - readable_below(top, kLarge);
    if (top - low >= kLarge || is_untouched((low + 7) & ~std::uint64_t{7}, wanted)) return {};
    return not_known;
}

StackVerdict judge_own(const Victim& victim, std::uint32_t wanted) noexcept {
    if (!victim.waits) return judge_running(victim, wanted);
    return judged(Stack::own, left_below(victim), wanted);
}

StackVerdict judge_alternate(const Victim& victim, std::uint32_t wanted) noexcept {
    std::uint64_t left = victim.record->alternate_size;
    if (is_on_alternate(victim)) left = victim.stack_pointer - victim.record->alternate_low;
    return judged(Stack::alternate, left, wanted);
}

}  // namespace

std::uint32_t signal_frame_size() noexcept {
    constexpr unsigned long kMinimum = 51;  // AT_MINSIGSTKSZ of the kernel's auxvec.h
    const auto told = static_cast<std::uint32_t>(::getauxval(kMinimum));
    return told == 0 ? arch::kOldFrame : arch::frame_in_use(told);
}

StackVerdict stack_room_for(wire::Fault fault, bool anywhere, pid_t tid,
                            const Record* record) noexcept {
    const Victim victim = look_at(tid, record);
    const std::uint32_t need = stack_need(fault, anywhere);
    const std::uint32_t wanted = signal_frame_size() + need;
    if (is_on_alternate(victim)) return judge_alternate(victim, wanted + kRedZone);
    if (!has_alternate(victim)) return judge_own(victim, wanted + kRedZone);
    const StackVerdict there = judge_alternate(victim, wanted);
    if (!there.enough) return there;
    // With SS_AUTODISARM it has none while a handler of its own runs, wherever that has gone.
    if (record->alternate_disarms) return judge_own(victim, wanted + kRedZone);
    // Destructors run on the thread's own stack, and between them the unwinder.
    return base::info(fault).unwinds ? judge_own(victim, need) : there;
}

StackVerdict stack_room_to_cancel(pid_t tid, const Record* record) noexcept {
    const Victim victim = look_at(tid, record);
    const std::uint32_t wanted = signal_frame_size() + kToUnwind + kRedZone;
    return is_on_alternate(victim) ? judge_alternate(victim, wanted) : judge_own(victim, wanted);
}

}  // namespace threadfault::shim
