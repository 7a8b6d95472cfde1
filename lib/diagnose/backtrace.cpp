#include "diagnose/backtrace.hpp"

#include <algorithm>

namespace threadfault::diagnose {

Backtraces::Backtraces(const observe::Process& process, client::Connection* connection)
    : process_(&process),
      connection_(connection),
      unwinder_(process),
      symbolizer_(process, unwinder_.maps()) {}

Backtraces::Backtraces(std::string maps_text, RemoteMemory::Source memory)
    : unwinder_(observe::Maps(observe::parse_maps(maps_text)), std::move(memory)),
      symbolizer_(std::move(maps_text), unwinder_.maps()) {}

bool Backtraces::is_ours(std::uint64_t ip) const {
    const observe::Mapping* const mapping = unwinder_.maps().find(ip);
    return mapping != nullptr && mapping->path.find("/libthreadfault_") != std::string::npos;
}

Backtrace Backtraces::unwind(const Target& target, const Snapshot& snapshot, std::size_t depth) {
    Backtrace trace;
    trace.tid = target.tid;
    trace.via = snapshot.via;
    trace.held_seconds = snapshot.held_seconds;
    trace.why = snapshot.why;
    if (snapshot.via == Via::none) return trace;
    const StackCopy stack{snapshot.registers[wire::kRegisterSp], snapshot.stack};
    const std::vector<RawFrame> raw = unwinder_.unwind(snapshot.registers, stack, depth + 16);
    // A thread that is held stands in our handler: what lies above the interrupted frame is ours.
    std::size_t first = 0;
    for (std::size_t i = 2; i < raw.size(); ++i) {
        if (raw[i].signal && is_ours(raw[i - 2].ip)) first = i;
    }
    for (std::size_t i = first; i < raw.size(); ++i) {
        const bool trampoline = i + 1 < raw.size() && raw[i + 1].signal;
        if (trampoline || is_ours(raw[i].ip)) continue;
        if (trace.frames.size() == depth) {
            trace.cut = true;
            break;
        }
        // A return address may be the first byte behind the function that made the call.
        const bool exact = i == first || raw[i].signal;
        const bool signal = raw[i].signal && i != first;
        trace.frames.push_back(
            {raw[i].ip, signal, &symbolizer_.at(exact ? raw[i].ip : raw[i].ip - 1)});
    }
    return trace;
}

std::vector<Backtrace> Backtraces::take(std::span<const Target> targets,
                                        const BacktraceOptions& options) {
    if (process_ == nullptr) return {};
    std::vector<Snapshot> snapshots(targets.size());
    // A system call filter may punish the copy of the stack with death.
    const bool filtered = process_->process_status().seccomp != 0;
    if (connection_ != nullptr && !options.passive && !filtered) {
        snapshots = capture_by_agent(*connection_, targets);
    }
    std::vector<Backtrace> traces;
    traces.reserve(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (snapshots[i].via == Via::none && snapshots[i].why != "it has ended") {
            Snapshot outside = capture_by_ptrace(*process_, targets[i].tid);
            if (outside.via == Via::none && !snapshots[i].why.empty()) {
                outside.why = snapshots[i].why + "; " + outside.why;
            }
            snapshots[i] = std::move(outside);
        }
        traces.push_back(unwind(targets[i], snapshots[i], options.depth));
    }
    return traces;
}

}  // namespace threadfault::diagnose
