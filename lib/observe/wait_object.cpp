// What a sleeping thread waits for. A futex word alone tells nothing: "private wait, expected value
// 0" is a condition variable, a semaphore, a barrier or custom code. The call that the
// thread is in says which; the memory around the word gives the fields. Where the call can't be
// told, an object is named only when the memory is what that object, and no other one, would look
// like with a thread blocked in it.
#include "observe/wait_object.hpp"

#include "arch/code.hpp"
#include "observe/wait_layouts.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr long kFutexWaitNumber = 455;  // futex_wait(2), Linux 6.7
constexpr std::size_t kLooksBack = 16;  // bytes of code before a call

using CodeEnd = std::remove_const_t<decltype(arch::kEndOfSyscall)>;

// A wait with a time limit that was stopped and continued shows as restart_syscall, as other calls
// do: the code says whether it was futex, by the number that it loads shortly before.
bool is_restarted_futex(const TaskSyscall& call, const Memory& memory) {
    if (call.number != SYS_restart_syscall) return false;
    constexpr auto& kLoad = arch::kLoadFutex;
    constexpr std::ptrdiff_t kCall = arch::kCallInstruction;
    std::array<unsigned char, kLooksBack> code{};
    if (!memory.read(call.instruction_pointer - code.size(), code.data(), code.size()))
        return false;
    return std::search(code.begin(), code.end() - kCall, kLoad.begin(), kLoad.end()) !=
           code.end() - kCall;
}

// The fields of an object whose kind the call has told.
class Fields {
public:
    Fields(const FutexWait& wait, const Words& words, const StackTop& stack,
           const CallEvidence& evidence, const Memory& memory, pid_t own_tid)
        : wait_(wait),
          words_(words),
          stack_(stack),
          evidence_(evidence),
          memory_(memory),
          own_tid_(own_tid) {}

    WaitObject of(CallKind kind) const {
        switch (kind) {
            case CallKind::mutex:
                return mutex();
            case CallKind::rwlock:
                return or_pointed(as_rwlock(wait_, words_), WaitKind::rwlock, {0, 8, 12});
            case CallKind::cond:
                return cond();
            case CallKind::sem:
                return as_sem(wait_, words_).value_or(object(WaitKind::sem, wait_.address));
            case CallKind::barrier:
                return or_pointed(as_barrier(wait_, words_), WaitKind::barrier, {4, 0, 16});
            case CallKind::join:
                return as_join(wait_, memory_).value_or(object(WaitKind::join, wait_.address));
            case CallKind::once:
                break;
        }
        return object(WaitKind::futex, wait_.address);
    }

private:
    WaitObject mutex() const {
        if (const auto found = as_mutex(wait_, words_)) return *found;
        if (const auto parked = as_parked(wait_, stack_, evidence_, memory_, own_tid_)) {
            return *parked;
        }
        // On the thread's own stack lies no mutex that others unlock, only the place to sleep.
        const bool own_word =
            wait_.address >= stack_.address && wait_.address < evidence_.frames_end;
        // It is being handed over and has no owner.
        return object(own_word ? WaitKind::futex : WaitKind::mutex, wait_.address);
    }

    // A condition variable's waits have a bit set and its mutex's, when it is taken again, don't.
    WaitObject cond() const {
        if (const auto start = cond_of_argument()) return object(WaitKind::cond, *start);
        if (!wait_.is_bitset()) {
            if (const auto found = as_mutex(wait_, words_)) return *found;
            if (pointed_before(wait_, stack_, evidence_.frames_end, {0})) {
                return object(WaitKind::mutex, wait_.address);
            }
        }
        // Where the group's word lies in it: from 40 on up to glibc 2.40, from 32 on since then.
        const std::uint64_t group = wait_.address % 8;
        if (const auto before =
                pointed_before(wait_, stack_, evidence_.frames_end, {32 + group, 40 + group})) {
            return object(WaitKind::cond, wait_.address - *before);
        }
        if (const auto found = as_cond(wait_, words_)) return *found;
        return or_pointed(std::nullopt, WaitKind::cond, {16, 20, 24, 28, 36});
    }

    // Who signals, or destroys, waits for another word than the waiters: told by the pointer that
    // the call was given.
    std::optional<std::uint64_t> cond_of_argument() const {
        constexpr std::uint64_t kSize = 48;  // sizeof(pthread_cond_t)
        const std::uint64_t distance = wait_.address - evidence_.argument;
        const std::string_view name = evidence_.call->name;
        const bool of_waker = name == "pthread_cond_signal" || name == "pthread_cond_broadcast" ||
                              name == "pthread_cond_destroy";
        if (!of_waker || evidence_.argument == 0 || distance >= kSize) return std::nullopt;
        return evidence_.argument;
    }

    WaitObject or_pointed(const std::optional<WaitObject>& found, WaitKind kind,
                          const std::vector<std::uint64_t>& distances) const {
        if (found) return *found;
        const auto before = pointed_before(wait_, stack_, evidence_.frames_end, distances);
        return object(kind, wait_.address - before.value_or(0));
    }

    const FutexWait& wait_;
    const Words& words_;
    const StackTop& stack_;
    const CallEvidence& evidence_;
    const Memory& memory_;
    pid_t own_tid_;
};

// By the memory alone. Two explanations are none.
WaitObject by_layouts(const FutexWait& wait, const Words& words, const Memory& memory) {
    if (wait.is_pi()) {
        return as_inheriting_mutex(wait, words).value_or(object(WaitKind::futex, wait.address));
    }
    std::optional<WaitObject> found;
    for (const auto& match :
         {as_mutex(wait, words), as_rwlock(wait, words), as_cond(wait, words), as_sem(wait, words),
          as_barrier(wait, words), as_join(wait, memory)}) {
        if (!match) continue;
        if (found) return object(WaitKind::futex, wait.address);
        found = match;
    }
    return found.value_or(object(WaitKind::futex, wait.address));
}

// What the kernel knows of a priority-inheriting futex is true for everybody's.
WaitObject others_futex(const FutexWait& wait, const Words& words) {
    WaitObject found = object(WaitKind::futex, wait.address);
    if (wait.is_pi() && words.at(0) != 0xffffffff) {
        found = object(WaitKind::futex, wait.address, words.at(0) & FUTEX_TID_MASK);
    }
    return found;
}

}  // namespace

WaitClassifier::Caller WaitClassifier::caller_at(std::uint64_t instruction_pointer) {
    const auto [known, is_new] = code_.try_emplace(instruction_pointer, Caller::other);
    if (!is_new) return known->second;
    const auto bytes = memory_.read<CodeEnd>(instruction_pointer - CodeEnd().size());
    if (bytes && *bytes == arch::kEndOfSyscall) {
        // Through it std::atomic::wait, Rust, allocators and all go who use futexes of their own;
        // glibc's own objects never do.
        known->second = Caller::syscall_function;
    }
    if (bytes && *bytes == arch::kEndOfCancelArch) known->second = Caller::cancellation_point;
    return known->second;
}

WaitObject WaitClassifier::object_of(FutexWait wait, const TaskSyscall& call, pid_t own_tid) {
    std::array<std::uint32_t, Words::kCount> around;
    StackTop stack;
    CallEvidence evidence;
    std::optional<Words> words;
    if (facts_ != nullptr && !facts_->recall(call, &stack, &evidence)) {
        // Both at once, as nearly always both can be read.
        stack.address = call.stack_pointer;
        if (memory_.read_both(wait.address - Words::kBefore, around.data(), sizeof around,
                              stack.address, stack.words.data(), sizeof stack.words)) {
            words.emplace(around);
            stack.count = stack.words.size();
        } else {
            stack.count = memory_.read_some(stack.address, stack.words.data(), sizeof stack.words) /
                          sizeof stack.words[0];
        }
        evidence = facts_->evidence(call, stack);
    }
    if (!words) words.emplace(memory_, wait.address);

    const Caller caller = caller_at(call.instruction_pointer);
    wait.by_cancellation_point = caller == Caller::cancellation_point;
    WaitObject found;
    switch (evidence.by) {
        case CallEvidence::By::others:
            found = others_futex(wait, *words);
            break;
        case CallEvidence::By::libc:
            if (evidence.call != nullptr) {
                found =
                    Fields(wait, *words, stack, evidence, memory_, own_tid).of(evidence.call->kind);
            } else if (const auto lock = as_stream_lock(wait, *words, memory_)) {
                found = *lock;
                found.name = facts_->stream_of_lock(lock->address);
            } else {
                found = evidence.complete ? others_futex(wait, *words)
                                          : by_layouts(wait, *words, memory_);
            }
            break;
        case CallEvidence::By::unknown:
            found = caller == Caller::syscall_function && !wait.is_pi()
                        ? object(WaitKind::futex, wait.address)
                        : by_layouts(wait, *words, memory_);
            break;
    }
    found.call = evidence.name;
    return found;
}

std::optional<WaitObject> WaitClassifier::classify(const TaskSyscall& call, pid_t own_tid) {
    if (call.running) return std::nullopt;
    // The newer calls are not glibc's: nothing more to be known than the word.
    if (call.number == kFutexWaitNumber) return object(WaitKind::futex, call.arguments[0]);
    if (call.number != SYS_futex && !is_restarted_futex(call, memory_)) return std::nullopt;
    FutexWait wait;
    wait.address = call.arguments[0];
    const auto operation = static_cast<std::uint32_t>(call.arguments[1]);
    wait.command = operation & static_cast<std::uint32_t>(FUTEX_CMD_MASK);
    wait.is_private = (operation & FUTEX_PRIVATE_FLAG) != 0;
    wait.value = static_cast<std::uint32_t>(call.arguments[2]);
    wait.has_timeout = call.arguments[3] != 0;
    wait.bitset = static_cast<std::uint32_t>(call.arguments[5]);
    const bool waits = wait.command == FUTEX_WAIT || wait.command == FUTEX_WAIT_BITSET ||
                       wait.command == FUTEX_WAIT_REQUEUE_PI || wait.is_pi();
    // A wake-up call seen in passing.
    if (!waits) return std::nullopt;
    WaitObject found = object_of(wait, call, own_tid);
    found.timed = wait.has_timeout;
    found.shared = found.shared || (!wait.is_private && found.kind != WaitKind::join);
    return found;
}

std::optional<WaitObject> classify_wait(const TaskSyscall& call, const Memory& memory) {
    return WaitClassifier(memory).classify(call);
}

}  // namespace threadfault::observe
