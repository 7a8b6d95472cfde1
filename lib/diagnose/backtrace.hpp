// Backtraces of the threads of a process, with names.
#ifndef THREADFAULT_DIAGNOSE_BACKTRACE_HPP
#define THREADFAULT_DIAGNOSE_BACKTRACE_HPP

#include "client/connection.hpp"
#include "diagnose/capture.hpp"
#include "diagnose/symbolizer.hpp"
#include "diagnose/unwinder.hpp"
#include "observe/process.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace threadfault::diagnose {

struct Frame {
    std::uint64_t ip = 0;
    bool signal = false;                    // a signal interrupted it there
    const CodePlace* place = nullptr;       // good as long as the Backtraces
    std::uint64_t stack_pointer = 0;        // 0: not known
    std::optional<SavedRegisters> saved{};  // where asked for
};

struct Backtrace {
    pid_t tid = 0;
    Via via = Via::none;
    std::vector<Frame> frames;  // innermost first
    bool cut = false;           // there are more frames than were asked for
    double held_seconds = 0;
    Gap why;  // there are no frames, or none further out: why
};

struct BacktraceOptions {
    bool by_signal = false;   // each thread copies its own, where there is an agent
    std::size_t depth = 100;  // frames a thread at most
    bool saved = false;       // with the registers of each frame
};

class Backtraces {
public:
    // `connection` is needed for by_signal alone; may be nullptr.
    Backtraces(const observe::Process& process, client::Connection* connection);

    // Of a process that has ended: take() takes nothing, name() works with what was kept.
    Backtraces(std::string maps_text, RemoteMemory::Source memory);

    // In the order of `threads`. Frames of threadfault itself are left out.
    std::vector<Backtrace> take(std::span<const Thread> threads, const BacktraceOptions& options);

    // Of a thread that has walked its stack itself: instruction pointers, innermost first.
    Backtrace name(std::span<const std::uint64_t> instruction_pointers);

    Unwinder& unwinder() noexcept { return unwinder_; }
    Symbolizer& symbolizer() noexcept { return symbolizer_; }

private:
    struct Walk {
        Backtrace trace;  // without frames
        std::vector<RawFrame> frames;
    };
    Walk walk(const Thread& thread, const Snapshot& snapshot, const BacktraceOptions& options);
    std::vector<Snapshot> capture_outside(std::span<const pid_t> tids);
    Backtrace name(Walk walk, std::size_t depth);

    const observe::Process* process_ = nullptr;
    client::Connection* connection_ = nullptr;
    std::optional<OutsideCapture> outside_;
    std::optional<OutsideCapture> second_outside_;  // of a second reader, where there are many
    Unwinder unwinder_;
    Symbolizer symbolizer_;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_BACKTRACE_HPP
