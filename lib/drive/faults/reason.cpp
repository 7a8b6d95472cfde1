#include "drive/faults/reason.hpp"

#include "base/fault.hpp"
#include "client/absence.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "observe/call_evidence.hpp"
#include "observe/memory.hpp"
#include "observe/symbols.hpp"

namespace threadfault::drive {
namespace {

using wire::Reason;

bool is_system_library(std::string_view module) {
    for (std::string_view prefix :
         {"libc.so", "libc-2", "libpthread", "ld-linux", "ld-2", "[vdso]"}) {
        if (module.starts_with(prefix)) return true;
    }
    return module.starts_with(client::kShimName);
}

// libc's internal names of public functions such as pthread_mutex_lock.
std::string public_name(std::string name) {
    static constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
        {"__futex_abstimed_wait", "futex wait"},
        {"futex_wait", "futex wait"},
        {"__lll_lock_wait", "futex wait"},
    };
    for (const auto& [prefix, alias] : kAliases) {
        if (std::string_view(name).starts_with(prefix)) return std::string(alias);
    }
    for (std::string_view prefix : {"___", "__", "__libc_"}) {
        if (name.starts_with("__libc_")) {
            name.erase(0, 7);
            break;
        }
        if (name.starts_with(prefix) && name.size() > prefix.size() && name[prefix.size()] != '_') {
            name.erase(0, prefix.size());
            break;
        }
    }
    for (std::string_view prefix : {"GI___", "GI_"}) {
        if (name.starts_with(prefix)) name.erase(0, prefix.size());
    }
    return name;
}

std::string kibibytes(std::uint32_t bytes) {
    // Rounded down: what is left of a stack is not more than it is said to be.
    return formatted("{}.{}", bytes / 1024, bytes % 1024 * 10 / 1024);
}

std::string kibibytes_up(std::uint32_t bytes) {
    return kibibytes(bytes + 1024 / 10);
}

std::string stack_sentence(const wire::StackRoom& room, wire::Fault fault) {
    const base::FaultInfo& kind = base::info(fault);
    const std::string use = kind.unwinds      ? "unwinding from a signal handler"
                            : kind.safe_point ? "a signal handler that looks for a safe point"
                                              : "threadfault's signal handler";
    if (room.left == wire::kRoomUnknown) {
        return formatted(
            "the thread is running, and its stack is small or was nearly full: how much is "
            "left is not known, and {} needs {} KiB",
            use, kibibytes_up(room.wanted));
    }
    const char* const stack = room.stack == wire::Stack::alternate
                                  ? "the thread's alternate signal stack"
                                  : "the thread's stack";
    const std::string left = formatted("{} KiB left on {}", kibibytes(room.left), stack);
    if (room.left < room.frame && room.wanted >= room.frame) {
        return formatted("{}, the signal frame alone needs {}", left, kibibytes_up(room.frame));
    }
    // Without the look it needs less than half of what comes on top of the frame.
    const bool enough_to_vanish = kind.safe_point && !kind.unwinds &&
                                  room.left >= room.frame + (room.wanted - room.frame) / 2;
    return formatted("{}, {} needs {}{}", left, use, kibibytes_up(room.wanted),
                     enough_to_vanish ? "; \"anywhere\" does without" : "");
}

std::string sentence(const wire::FaultReply& reply, wire::Fault fault) {
    switch (reply.reason) {
        case Reason::none:
            return {};
        case Reason::cancel_disabled:
            return fault == wire::Fault::signal ? "cancellation is disabled on this thread"
                                                : "the thread has disabled cancellation "
                                                  "(pthread_setcancelstate); exit and "
                                                  "vanish ignore it";
        case Reason::no_cancellation_point:
            return "the thread has not reached a cancellation point; the request stays pending "
                   "until it does";
        case Reason::signal_blocked:
            return "the thread blocks threadfault's signal: the program made the system call "
                   "directly, or several faults hold the thread";
        case Reason::uninterruptible:
            return "the thread is in an uninterruptible sleep in the kernel";
        case Reason::no_safe_point:
            switch (reply.place) {
                case wire::Place::allocator:
                    return "the thread was inside the allocator at every check; \"anywhere\" "
                           "ignores "
                           "that";
                case wire::Place::loader:
                    return "the thread was inside the loader at every check; \"anywhere\" ignores "
                           "that";
                case wire::Place::stdio:
                    return "the thread was inside stdio at every check; \"anywhere\" ignores that";
                case wire::Place::unwinder:
                    return "the thread is already unwinding; \"anywhere\" ignores that";
                default:
                    return "the thread was not at a safe point at any check; \"anywhere\" ignores "
                           "that";
            }
        case Reason::target_stopped:
            return "the process is stopped (SIGSTOP, or a debugger)";
        case Reason::queue_full:
            return "the kernel queues no more signals for this user (RLIMIT_SIGPENDING)";
        case Reason::still_unwinding:
            return "the thread's clean-up code is still running";
        case Reason::signal_taken:
            return "the program has replaced the handler of threadfault's signal";
        case Reason::timed_out:
            return "the thread did not respond in time";
        case Reason::not_supported:
            return "the agent in that process does not support this fault";
        case Reason::agent_thread:
            return "it is threadfault's own helper thread";
        case Reason::seccomp:
            return "a seccomp filter of the process may forbid the required system call";
        case Reason::not_permitted:
            return "the target lacks the permission to do that, or to undo it";
        case Reason::not_in_force:
            return "no fault was in force on this thread";
        case Reason::no_stack_room:
            return stack_sentence(reply.room, fault);
        case Reason::traced:
            return "a debugger traces the thread";
        case Reason::no_unwinder:
            return "the thread can't be unwound: the program's C library is not glibc, or "
                   "libgcc_s.so.1 is not there; vanish needs neither";
    }
    return {};
}

// The function of libc's that the thread sleeps in, told by its stack; "" unknown.
std::string library_call(const observe::Process& process, const observe::TaskSyscall& syscall) {
    const observe::Memory memory(process.pid());
    observe::StackTop top;
    top.address = syscall.stack_pointer;
    top.count =
        memory.read_some(top.address, top.words.data(), sizeof top.words) / sizeof top.words[0];
    return observe::CallFacts(process, memory).evidence(syscall, top).name;
}

}  // namespace

std::string_view reason_token(Reason reason) noexcept {
    switch (reason) {
        case Reason::none:
            return "";
        case Reason::cancel_disabled:
            return "cancel-disabled";
        case Reason::no_cancellation_point:
            return "no-cancellation-point";
        case Reason::signal_blocked:
            return "signal-blocked";
        case Reason::uninterruptible:
            return "uninterruptible";
        case Reason::no_safe_point:
            return "no-safe-point";
        case Reason::target_stopped:
            return "target-stopped";
        case Reason::queue_full:
            return "queue-full";
        case Reason::still_unwinding:
            return "still-unwinding";
        case Reason::signal_taken:
            return "signal-taken";
        case Reason::timed_out:
            return "timed-out";
        case Reason::not_supported:
            return "not-supported";
        case Reason::agent_thread:
            return "agent-thread";
        case Reason::seccomp:
            return "seccomp";
        case Reason::not_permitted:
            return "not-permitted";
        case Reason::not_in_force:
            return "not-in-force";
        case Reason::no_stack_room:
            return "no-stack-room";
        case Reason::traced:
            return "traced";
        case Reason::no_unwinder:
            return "no-unwinder";
    }
    return "unknown";
}

std::string reason_text(const wire::FaultReply& reply, wire::Fault fault,
                        const std::string& where) {
    std::string text(reason_token(reply.reason));
    if (text.empty()) return text;
    const std::string detail = sentence(reply, fault);
    if (!detail.empty()) text += ": " + detail;
    if (!where.empty()) text += (detail.empty() ? ": " : "; it is ") + where;
    return text;
}

std::string describe_frames(const std::uint64_t* frames, std::size_t count,
                            observe::Symbols& symbols) {
    std::string library_function;
    for (std::size_t i = 0; i < count; ++i) {
        // A return address may be the first byte of the next function: look one byte back, except
        // in the innermost frame, where the thread itself stands.
        const std::uint64_t address = i == 0 ? frames[i] : frames[i] - 1;
        const observe::Symbol& symbol = symbols.resolve(address);
        if (is_system_library(symbol.module)) {
            if (!symbol.name.empty()) library_function = public_name(symbol.name);
            continue;
        }
        if (symbol.module.empty()) continue;
        const std::string caller = symbol.name.empty()
                                       ? formatted("{}+{:#x}", symbol.module, symbol.module_offset)
                                       : observe::without_parameters(symbol.name);
        if (library_function.empty()) return "in " + caller;
        return formatted("in {} called from {}", library_function, caller);
    }
    return library_function.empty() ? std::string() : "in " + library_function;
}

std::string where_is(const observe::Process& process, pid_t tid, const wire::FaultReply& reply) {
    try {
        if (reply.frames > 0) {
            observe::Symbols symbols(process);
            return describe_frames(reply.frame, reply.frames, symbols);
        }
        const std::optional<observe::TaskSyscall> syscall = process.syscall(tid);
        if (!syscall || syscall->running) return {};
        std::string call = library_call(process, *syscall);
        if (call.empty()) call = syscall_text(*syscall);
        return call.empty() ? std::string() : "in " + call;
    } catch (const Error&) {
        return {};  // a reason without a place is still a reason
    }
}

}  // namespace threadfault::drive
