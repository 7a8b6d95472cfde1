#include "arch/traced.hpp"
#include "diagnose/capture.hpp"
#include "format/format.hpp"
#include "observe/attach_region.hpp"
#include "observe/frame_pointers.hpp"
#include "observe/run_counter.hpp"
#include "observe/stop_effects.hpp"
#include "observe/stopped_thread.hpp"
#include "threadfault/error.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

namespace threadfault::diagnose {
namespace {

using namespace std::chrono_literals;

// More than most stacks have; the rest is read when it is needed.
constexpr std::size_t kOutsideStack = 32 << 10;
constexpr std::chrono::milliseconds kStopsWithin = 100ms;
constexpr int kTries = 4;  // a thread may wake up and sleep again between two looks

constexpr char kFramesMissing[] =
    "frames further out may be missing: it sleeps in a call that a stop would disturb, and its "
    "frame pointer can't be told from its stack";
constexpr char kNotPermitted[] =
    "the kernel does not let us look (ptrace_scope, another user, or a container without "
    "CAP_SYS_PTRACE)";

bool is_same_call(const observe::TaskSyscall& one, const observe::TaskSyscall& other) {
    return !other.running && one.number == other.number &&
           one.stack_pointer == other.stack_pointer &&
           one.instruction_pointer == other.instruction_pointer;
}

std::uint64_t switches(const std::optional<observe::TaskStatus>& status) {
    return status ? status->voluntary_switches + status->involuntary_switches : 0;
}

}  // namespace

struct OutsideCapture::Implementation {
    explicit Implementation(const observe::Process& process_)
        : process(process_), memory(process_.pid()), frame_pointers(process_, memory) {}

    // The stack from an address on, whole words.
    void read_stack(std::uint64_t address, std::vector<unsigned char>* stack) {
        const std::size_t length = memory.read_some(address, scratch.data(), scratch.size());
        stack->assign(scratch.data(), scratch.data() + length);
    }

    void read_sleeper(const observe::TaskSyscall& call, Snapshot* snapshot) {
        snapshot->registers = {};
        snapshot->known = bit(wire::kRegisterSp) | bit(wire::kRegisterIp);
        snapshot->registers[wire::kRegisterSp] = call.stack_pointer;
        snapshot->registers[wire::kRegisterIp] = call.instruction_pointer;
        read_stack(call.stack_pointer, &snapshot->stack);
    }

    // A thread that sleeps all the while; false: it has run. Nothing is stopped. `before`: how
    // often it had run before it was seen to be in `call`: it has slept in it ever since when that
    // is so still.
    bool read_asleep(const observe::RunCounter& counter, const observe::RunCount& before,
                     const observe::TaskSyscall& call, Snapshot* snapshot) {
        read_sleeper(call, snapshot);
        if (counter.read() != before) return false;
        snapshot->via = Via::ptrace;
        return true;
    }

    // The same where the kernel does not count that.
    bool read_asleep(pid_t tid, const observe::TaskSyscall& call, Snapshot* snapshot) {
        const auto before = process.status(tid);
        const auto first = process.syscall(tid);
        if (!first || !is_same_call(call, *first)) return false;
        read_sleeper(call, snapshot);
        const auto last = process.syscall(tid);
        const auto after = process.status(tid);
        if (!last || !is_same_call(call, *last) || switches(before) != switches(after))
            return false;
        snapshot->via = Via::ptrace;
        return true;
    }

    // False: the frame pointer is needed and not known.
    bool add_frame_pointer(const observe::TaskSyscall& call, Snapshot* snapshot) {
        std::vector<std::uint64_t> words(snapshot->stack.size() / sizeof(std::uint64_t));
        if (!words.empty()) {
            std::memcpy(words.data(), snapshot->stack.data(), words.size() * sizeof(std::uint64_t));
        }
        const observe::FramePointer pointer = frame_pointers.of(call, words);
        if (pointer.known == observe::FramePointer::Known::found) {
            snapshot->registers[wire::kRegisterBp] = pointer.value;
            snapshot->known |= bit(wire::kRegisterBp);
        }
        return pointer.known != observe::FramePointer::Known::unknown;
    }

    void sample(pid_t tid, Snapshot* snapshot) {
        observe::StoppedThread stopped(process, tid, kStopsWithin);
        if (!stopped) {
            snapshot->via = Via::none;
            switch (stopped.error()) {
                case ESRCH:
                    snapshot->why = gap_ended();
                    break;
                case ETIMEDOUT:
                    snapshot->why = why_silent(process.stat(tid), kStopsWithin);
                    break;
                default: {
                    const auto status = process.status(tid);
                    if (status && status->tracer != 0) {
                        snapshot->why = {GapCode::traced,
                                         formatted("process {} traces it", status->tracer)};
                    } else {
                        snapshot->why = {GapCode::not_permitted, kNotPermitted};
                    }
                    break;
                }
            }
            return;
        }
        snapshot->registers = arch::in_order(stopped.registers());
        snapshot->known = kAllKnown;
        read_stack(arch::sp(stopped.registers()), &snapshot->stack);
        snapshot->via = Via::ptrace;
        stopped.let_go();
        snapshot->held_seconds = std::chrono::duration<double>(stopped.stood()).count();
    }

    // A dead thread that is listed yet has no stack.
    bool has_ended(pid_t tid, const observe::TaskSyscall& call) const {
        if (call.running || call.stack_pointer != 0) return false;
        const auto stat = process.stat(tid);
        return !stat || stat->is_dead();
    }

    Snapshot take(pid_t tid) {
        Snapshot snapshot;
        const observe::RunCounter counter(process.pid(), tid);
        for (int attempt = 0; attempt < kTries; ++attempt) {
            const std::optional<observe::RunCount> runs = counter.read();
            const auto call = process.syscall(tid);
            if (!call || has_ended(tid, *call)) {
                snapshot.via = Via::none;
                snapshot.why = gap_ended();
                return snapshot;
            }
            if (call->running) {
                sample(tid, &snapshot);
                return snapshot;
            }
            if (const auto held = observe::held_thread(memory, *call)) {
                // A guardian's: the thread is where it will go on.
                snapshot.registers = arch::in_order(held->registers);
                snapshot.known = kAllKnown;
                read_stack(arch::sp(held->registers), &snapshot.stack);
                snapshot.via = Via::ptrace;
                return snapshot;
            }
            const bool asleep = runs ? read_asleep(counter, *runs, *call, &snapshot)
                                     : read_asleep(tid, *call, &snapshot);
            if (!asleep) continue;
            if (add_frame_pointer(*call, &snapshot)) return snapshot;
            // A stop that nobody notices tells the frame pointer.
            const auto stat = process.stat(tid);
            const bool stands = stat && stat->state == 'T';
            const bool sleeps = stat && stat->state == 'S' &&
                                observe::stop_effect(*call) == observe::StopEffect::none;
            if (stands || sleeps) {
                Snapshot sampled;
                sample(tid, &sampled);
                if (sampled.via != Via::none) return sampled;
            }
            snapshot.why = {GapCode::frames_missing, kFramesMissing};
            return snapshot;
        }
        // It wakes up again and again: as one that runs.
        sample(tid, &snapshot);
        return snapshot;
    }

    const observe::Process& process;
    const observe::Memory memory;
    std::vector<unsigned char> scratch = std::vector<unsigned char>(kOutsideStack);
    observe::FramePointers frame_pointers;
};

OutsideCapture::OutsideCapture(const observe::Process& process)
    : implementation_(std::make_unique<Implementation>(process)) {}

OutsideCapture::~OutsideCapture() = default;

Snapshot OutsideCapture::take(pid_t tid) {
    try {
        return implementation_->take(tid);
    } catch (const Error& error) {
        Snapshot snapshot;
        const bool permitted = error.error_code() != ErrorCode::not_permitted;
        snapshot.why = permitted ? Gap{GapCode::unreadable, error.what()}
                                 : Gap{GapCode::not_permitted, kNotPermitted};
        return snapshot;
    }
}

}  // namespace threadfault::diagnose
