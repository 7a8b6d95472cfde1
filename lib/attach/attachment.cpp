#include "attach/attachment.hpp"

#include "arch/code.hpp"
#include "attach/candidates.hpp"
#include "attach/go_stacks.hpp"
#include "attach/write_memory.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <thread>
#include <type_traits>

namespace threadfault::attach {
namespace {

using namespace std::chrono_literals;
using wire::Fault;
using wire::Reason;
using Kind = Attempt::Kind;

// A stop takes microseconds, unless the machine is overloaded.
constexpr auto kStopsWithin = 100ms;
constexpr int kRounds = 200;  // of looking for a thread that can be borrowed
constexpr auto kBetweenRounds = 5ms;
// A library that is loaded meanwhile is met as code that belongs to nobody.
constexpr auto kPlacesHold = 1s;

bool failed(long result) {
    return result < 0 && result > -4096;
}

}  // namespace

Attachment::Attachment(const observe::Process& process)
    : process_(process), memory_(process.pid()), facts_(learn(process)) {
    if (facts_.filtered) BorrowedThread::suspend_filters();
    BorrowedThread::rehearse();
    if (const auto region = observe::find_attach_region(process)) {
        take_over(*region);
    } else {
        make_region();
    }
}

bool Attachment::run_in_some_thread(const std::function<bool(BorrowedThread&)>& act) {
    for (int round = 0; round < kRounds; ++round) {
        for (const pid_t tid : candidates(process_)) {
            BorrowedThread thread(process_, tid, kStopsWithin, BorrowedThread::For::calls);
            if (!thread) continue;
            // One that stands aside has nothing on its stack to come back to.
            if (observe::is_in_attach_region(region_, arch::ip(thread.registers()))) continue;
            if (thread.prepare_calls(facts_.gadgets) && act(thread)) return true;
        }
        BorrowedThread::release_late();
        if (!process_.alive()) return false;
        std::this_thread::sleep_for(kBetweenRounds);
    }
    return false;
}

void Attachment::make_region() {
    const auto code = observe::attach_region_code();
    const bool made = run_in_some_thread([&](BorrowedThread& thread) {
        const long at = thread.call(SYS_mmap, 0, observe::kAttachRegionSize, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                    static_cast<std::uint64_t>(-1), 0);
        if (failed(at)) return false;
        region_ = static_cast<std::uint64_t>(at);
        thread.call(SYS_madvise, region_, observe::kAttachRegionSize, MADV_DONTFORK);
        write_memory(process_.pid(), region_, code.data(), code.size());
        thread.call(SYS_mprotect, region_, observe::kAttachCodeSize, PROT_READ | PROT_EXEC);
        return true;
    });
    if (made) return;
    if (!process_.alive()) {
        throw Error(ErrorCode::no_such_process, formatted("process {} has ended", process_.pid()));
    }
    throw Error(
        ErrorCode::agent_silent,
        formatted("can't attach to process {}: none of its threads can be borrowed for a "
                  "tenth of a millisecond",
                  process_.pid()),
        "they are stopped, uninterruptible, or in calls that would be cut short; try again");
}

void Attachment::take_over(std::uint64_t region) {
    region_ = region;
    for (std::size_t number = 0; number < observe::kMostHeldThreads; ++number) {
        const auto slot = read_slot(number);
        if (!slot || slot->fault == 0) continue;
        used_[number] = true;
        held_[{slot->tid, slot->start_ticks}] = {number, static_cast<Fault>(slot->fault)};
    }
}

std::optional<observe::HeldThread> Attachment::read_slot(std::size_t number) const {
    return memory_.read<observe::HeldThread>(observe::held_thread_address(region_, number));
}

void Attachment::free_slot(const ThreadKey& key) {
    const auto found = held_.find(key);
    if (found == held_.end()) return;
    const observe::HeldThread empty;
    write_memory(process_.pid(), observe::held_thread_address(region_, found->second.slot), &empty,
                 sizeof empty);
    used_[found->second.slot] = false;
    held_.erase(found);
}

std::optional<Fault> Attachment::holds(const ThreadKey& thread) const {
    const auto found = held_.find(thread);
    return found == held_.end() ? std::nullopt : std::optional(found->second.how);
}

std::vector<ThreadKey> Attachment::held() const {
    std::vector<ThreadKey> keys;
    for (const auto& [key, held] : held_)
        keys.push_back(key);
    return keys;
}

void Attachment::forget_dead() {
    for (const ThreadKey& key : held()) {
        if (process_.thread_ended(key.tid, key.start_ticks)) free_slot(key);
    }
}

bool Attachment::is_lost() const {
    const auto code = observe::attach_region_code();
    std::array<unsigned char, 96> seen{};
    return !memory_.read(region_, seen.data(), seen.size()) ||
           !std::equal(seen.begin(), seen.end(), code.begin());
}

Attachment::Borrowing Attachment::borrow(const ThreadKey& key, BorrowedThread::For what) {
    // One that comes late to a stop of ours is let go first: it is in no debugger's hands.
    BorrowedThread::release_late();
    const auto stat = process_.stat(key.tid);
    if (!stat || stat->is_dead() || stat->start_ticks != key.start_ticks)
        return {nullptr, {Kind::gone}};
    switch (stat->state) {
        case 'D':
            return {nullptr, {Kind::again, Reason::uninterruptible}};
        case 'T':
            return {nullptr, {Kind::again, Reason::target_stopped}};
        case 't': {
            const auto status = process_.status(key.tid);
            if (!status || status->tracer == getpid())
                return {nullptr, {Kind::again, Reason::timed_out}};
            return {nullptr, {Kind::refused, Reason::traced}};
        }
        default:
            break;
    }
    auto thread = std::make_unique<BorrowedThread>(process_, key.tid, kStopsWithin, what);
    if (*thread) return {std::move(thread), {}};
    switch (thread->error()) {
        case ESRCH:
            return {nullptr, {Kind::gone}};
        case EBUSY:
            return {nullptr, {Kind::again, Reason::target_stopped}};
        case ETIMEDOUT:
            return {nullptr, {Kind::again, Reason::timed_out}};
        default:
            return {nullptr, {Kind::refused, Reason::not_permitted}};
    }
}

Places& Attachment::places() {
    const auto now = std::chrono::steady_clock::now();
    if (!places_ || now - places_made_ > kPlacesHold) {
        places_.emplace(process_);
        places_made_ = now;
    }
    return *places_;
}

arch::Traced Attachment::base_of(const ThreadKey& key, const BorrowedThread& thread,
                                 std::uint64_t* mask) const {
    *mask = thread.mask();
    if (observe::is_in_attach_region(region_, arch::ip(thread.registers()))) {
        const auto held = held_.find(key);
        const auto slot = held == held_.end() ? std::nullopt : read_slot(held->second.slot);
        if (slot) {
            *mask = slot->mask;
            return slot->registers;
        }
    }
    return thread.resumption();
}

bool Attachment::may_end_at(const arch::Traced& registers, const BorrowedThread& thread,
                            bool anywhere, Attempt* attempt) {
    if (anywhere) return true;
    const std::uint64_t descriptor =
        arch::descriptor_at(thread.thread_pointer(), facts_.descriptor_size);
    Places::Where where = places().where(registers, descriptor);
    attempt->place = where.place;
    attempt->frames = std::move(where.frames);
    if (where.place == wire::Place::user || where.place == wire::Place::unknown) return true;
    attempt->kind = Kind::again;
    attempt->reason = Reason::no_safe_point;
    return false;
}

Attempt Attachment::vanish(const ThreadKey& key, bool anywhere) {
    if (!anywhere) places();  // made before anything stands still
    Borrowing borrowing = borrow(key);
    if (!borrowing.thread) return borrowing.failure;
    std::uint64_t mask = 0;
    Attempt attempt;
    if (!may_end_at(base_of(key, *borrowing.thread, &mask), *borrowing.thread, anywhere, &attempt))
        return attempt;
    if (!borrowing.thread->may_call(SYS_exit, facts_.gadgets.syscall + arch::kCallInstruction,
                                    {})) {
        return {Kind::refused, Reason::seccomp};
    }
    arch::Traced registers = borrowing.thread->registers();
    arch::ip(registers) = facts_.gadgets.syscall;
    arch::set_call(registers, SYS_exit, {});
    arch::forget_call(registers);
    borrowing.thread->send_off(registers, kAllSignals);
    free_slot(key);
    return attempt;
}

// As if a handler had been entered that calls pthread_exit: libc's unwinder knows that frame.
bool Attachment::end_by_exit(const ThreadKey& key, BorrowedThread& thread, std::uint64_t value,
                             std::uint64_t room) {
    std::uint64_t mask = 0;
    const arch::Traced interrupted = base_of(key, thread, &mask);
    // Of cgo's: what lies below is not the thread's.
    if (is_on_go_stack(arch::sp(interrupted))) return false;
    const std::uint64_t frame = thread.push_frame(interrupted, facts_.gadgets.restorer, room);
    if (frame == 0) return false;
    arch::Traced registers = interrupted;
    arch::sp(registers) = frame;
    arch::ip(registers) = facts_.pthread_exit;
    arch::enter_function(registers, facts_.gadgets.restorer);
    arch::first_argument(registers) = value;
    arch::forget_call(registers);
    thread.send_off(registers, mask);
    free_slot(key);
    return true;
}

// What unwinding needs of the stack at least: frames of pthread_exit, of libgcc and of clean-up.
constexpr std::uint64_t kRoomToUnwind = 12 << 10;

// About: what is mapped below is the thread's, and then there is a gap or a guard page.
wire::StackRoom Attachment::room_below(std::uint64_t stack_pointer) const {
    constexpr std::uint64_t kStep = 256;
    constexpr std::uint64_t kFrame = 3 << 10;
    wire::StackRoom room;
    room.frame = kFrame;
    room.wanted = kFrame + kRoomToUnwind;
    room.left = is_on_go_stack(stack_pointer) ? wire::kRoomUnknown : 0;
    for (char probe = 0; room.left < room.wanted; room.left += kStep)
        if (!memory_.read(stack_pointer - room.left - kStep, &probe, 1)) break;
    return room;
}

// What glibc calls at the end of any thread.
static bool may_end(const BorrowedThread& thread) {
    return thread.may_call(SYS_rt_sigprocmask, 0, {}) && thread.may_call(SYS_madvise, 0, {}) &&
           thread.may_call(SYS_exit, 0, {});
}

Attempt Attachment::exit(const ThreadKey& key, bool anywhere) {
    if (!facts_.why_no_unwinding.empty()) return {Kind::refused, Reason::no_unwinder};
    if (!anywhere) places();
    Borrowing borrowing = borrow(key);
    if (!borrowing.thread) return borrowing.failure;
    std::uint64_t mask = 0;
    Attempt attempt;
    if (!may_end(*borrowing.thread)) return {Kind::refused, Reason::seccomp};
    if (!may_end_at(base_of(key, *borrowing.thread, &mask), *borrowing.thread, anywhere, &attempt))
        return attempt;
    if (!end_by_exit(key, *borrowing.thread, 0, kRoomToUnwind)) {
        attempt.kind = Kind::refused;
        attempt.reason = Reason::no_stack_room;
        attempt.room = room_below(arch::sp(base_of(key, *borrowing.thread, &mask)));
    }
    return attempt;
}

// Is it in a system call by which libc makes a function a cancellation point (glibc 2.41 and
// newer)? `base` is what it will go on with: before the call, or behind one that returns early.
bool Attachment::waits_in_cancellation_point(const arch::Traced& base,
                                             const BorrowedThread& thread) const {
    using End = std::remove_const_t<decltype(arch::kEndOfCancelArch)>;
    const auto is_end = [this](std::uint64_t address) {
        const auto bytes = memory_.read<End>(address - End().size());
        return bytes && *bytes == arch::kEndOfCancelArch;
    };
    return is_end(arch::ip(base) + arch::kCallInstruction) ||
           (thread.in_interruptible_call() && is_end(arch::ip(base)));
}

// What pthread_cancel(3) does to the other thread: the two bits of a cancellation, and for one that
// can be cancelled at once, what glibc's SIGCANCEL handler would do next. Up to glibc 2.40 a
// thread's type is asynchronous for as long as it is in a call that is a cancellation point.
Attempt Attachment::cancel(const ThreadKey& key, bool asynchronous, bool anywhere) {
    if (!facts_.why_no_unwinding.empty()) return {Kind::refused, Reason::no_unwinder};
    if (asynchronous && !anywhere) places();
    Borrowing borrowing = borrow(key);
    if (!borrowing.thread) return borrowing.failure;
    BorrowedThread& thread = *borrowing.thread;
    Attempt attempt;
    std::uint64_t mask = 0;
    const arch::Traced base = base_of(key, thread, &mask);
    if (!may_end(thread)) return {Kind::refused, Reason::seccomp};
    if (asynchronous && !may_end_at(base, thread, anywhere, &attempt)) return attempt;
    const std::uint64_t word_at =
        arch::descriptor_at(thread.thread_pointer(), facts_.descriptor_size) + facts_.cancel_word;
    auto word = memory_.read<std::uint32_t>(word_at);
    if (!word) return {Kind::refused, Reason::not_supported};
    attempt.cancel = *word;
    if ((*word & wire::kCancelExiting) != 0) return attempt;  // it ends already
    if (asynchronous) *word |= wire::kCancelAsynchronous;
    *word |= wire::kCancelPending;
    if (!write_memory(process_.pid(), word_at, &*word, sizeof *word)) {
        return {Kind::refused, Reason::not_supported};
    }
    const bool enabled = (*word & wire::kCancelDisabled) == 0;
    const bool at_once = enabled && ((*word & wire::kCancelAsynchronous) != 0 ||
                                     waits_in_cancellation_point(base, thread));
    constexpr auto kCanceled = static_cast<std::uint64_t>(-1);  // PTHREAD_CANCELED
    attempt.reason = enabled ? Reason::no_cancellation_point : Reason::cancel_disabled;
    if (at_once && !end_by_exit(key, thread, kCanceled, kRoomToUnwind)) {
        attempt.reason = Reason::no_stack_room;
        attempt.room = room_below(arch::sp(base));
    }
    return attempt;
}

Attempt Attachment::interrupt(const ThreadKey& key) {
    Borrowing borrowing = borrow(key);
    if (!borrowing.thread) return borrowing.failure;
    BorrowedThread& thread = *borrowing.thread;
    if (!thread.in_interruptible_call() ||
        observe::is_in_attach_region(region_, arch::ip(thread.registers())))
        return {};
    arch::Traced registers = thread.registers();
    observe::cut_short(&registers, thread.interrupted());
    thread.send_off(registers, thread.mask());
    return {};
}

Attempt Attachment::hold(const ThreadKey& key, Fault how) {
    if (const auto before = holds(key)) {
        held_[key].how = how;
        const auto fault = static_cast<std::uint32_t>(how);
        write_memory(process_.pid(),
                     observe::held_thread_address(region_, held_[key].slot) +
                         offsetof(observe::HeldThread, fault),
                     &fault, sizeof fault);
        if ((*before == Fault::spin) == (how == Fault::spin)) return {};
    }
    const auto free = std::find(used_.begin(), used_.end(), false);
    if (free == used_.end()) return {Kind::refused, Reason::queue_full};
    Borrowing borrowing = borrow(key);
    if (!borrowing.thread) return borrowing.failure;
    BorrowedThread& thread = *borrowing.thread;
    const bool stands_aside = observe::is_in_attach_region(region_, arch::ip(thread.registers()));
    const auto number =
        stands_aside ? held_[key].slot : static_cast<std::size_t>(free - used_.begin());
    const std::uint64_t at = observe::held_thread_address(region_, number);
    const bool parked = how != Fault::spin;
    const std::uint64_t word = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
    if (parked && !thread.may_call(SYS_futex, region_ + observe::kParkAt, {at, word, 0, 0})) {
        return {Kind::refused, Reason::seccomp};
    }
    if (!stands_aside) {
        observe::HeldThread slot;
        slot.fault = static_cast<std::uint32_t>(how);
        slot.tid = key.tid;
        slot.start_ticks = key.start_ticks;
        slot.mask = thread.mask();
        slot.registers = thread.resumption();
        if (!write_memory(process_.pid(), at, &slot, sizeof slot)) {
            return {Kind::refused, Reason::not_supported};
        }
    }
    arch::Traced registers = thread.registers();
    arch::ip(registers) = region_ + (how == Fault::spin ? observe::kSpinAt : observe::kParkAt);
    arch::word_register(registers) = at;
    if (!stands_aside) {
        arch::sp(registers) = (arch::sp(registers) - arch::kRedZone) & ~std::uint64_t{15};
    }
    arch::forget_call(registers);
    thread.send_off(registers, kAllButSetxid);
    used_[number] = true;
    held_[key] = {number, how};
    return {};
}

Attempt Attachment::release(const ThreadKey& key) {
    const auto held = held_.find(key);
    if (held == held_.end()) return {Kind::acted, Reason::not_in_force};
    Borrowing borrowing = borrow(key, BorrowedThread::For::release);
    if (!borrowing.thread) {
        if (borrowing.failure.kind == Kind::gone) free_slot(key);
        return borrowing.failure;
    }
    const auto slot = read_slot(held->second.slot);
    // Not where it was put: it has become another program, or a handler of libc's runs on it.
    if (!observe::is_in_attach_region(region_, arch::ip(borrowing.thread->registers()))) {
        return {Kind::again, Reason::timed_out};
    }
    if (!slot) return {Kind::refused, Reason::not_supported};
    borrowing.thread->send_off(slot->registers, slot->mask, true);
    free_slot(key);
    return {};
}

bool Attachment::leave() {
    for (const ThreadKey& key : held())
        release(key);
    forget_dead();
    if (!held_.empty()) return false;
    if (is_lost() || !process_.alive()) return true;
    // No thread is inside: none has an instruction pointer there, and nothing leads back.
    for (const pid_t tid : process_.tids()) {
        const auto call = process_.syscall(tid);
        if (call && !call->running &&
            observe::is_in_attach_region(region_, call->instruction_pointer)) {
            return false;
        }
    }
    const std::uint64_t region = region_;
    const bool done = run_in_some_thread([&](BorrowedThread& thread) {
        return thread.call(SYS_munmap, region, observe::kAttachRegionSize) == 0;
    });
    if (done) region_ = 0;
    return done || !process_.alive();
}

}  // namespace threadfault::attach
