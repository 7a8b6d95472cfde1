#include "diagnose/backtrace.hpp"

#include "client/absence.hpp"
#include "format/format.hpp"

#include <algorithm>
#include <exception>
#include <thread>

namespace threadfault::diagnose {
namespace {

// Below this, a second reader costs more than it saves.
constexpr std::size_t kTwoReadersFrom = 64;
// No more stacks are kept at a time.
constexpr std::size_t kAtOnce = 512;

}  // namespace

Backtraces::Backtraces(const observe::Process& process, client::Connection* connection)
    : process_(&process),
      connection_(connection),
      outside_(std::in_place, process),
      unwinder_(process),
      symbolizer_(process, unwinder_.maps()) {}

Backtraces::Backtraces(std::string maps_text, RemoteMemory::Source memory)
    : unwinder_(observe::Maps(observe::parse_maps(maps_text)), std::move(memory)),
      symbolizer_(std::move(maps_text), unwinder_.maps()) {}

Backtraces::Walk Backtraces::walk(const Thread& thread, const Snapshot& snapshot,
                                  const BacktraceOptions& options) {
    Walk walk;
    walk.trace.tid = thread.tid;
    walk.trace.via = snapshot.via;
    walk.trace.held_seconds = snapshot.held_seconds;
    walk.trace.why = snapshot.why;
    if (snapshot.via == Via::none) return walk;
    const StackCopy stack{snapshot.registers[wire::kRegisterSp], snapshot.stack};
    walk.frames = unwinder_.unwind(snapshot.registers, stack, options.depth + 16, options.saved,
                                   snapshot.known);
    if (!walk.frames.empty()) {
        const std::string file = unwinder_.file_without_table(walk.frames.back().ip);
        if (!file.empty()) {
            walk.trace.why = {GapCode::no_unwind_table,
                              formatted("the rest of the stack can't be unwound: {} has no search "
                                        "table for its unwind information (PT_GNU_EH_FRAME)",
                                        file.substr(file.rfind('/') + 1))};
        }
    }
    return walk;
}

Backtrace Backtraces::name(Walk walk, std::size_t depth) {
    Backtrace trace = std::move(walk.trace);
    const std::vector<RawFrame>& raw = walk.frames;
    const auto is_ours = [this](std::uint64_t ip) {
        return client::is_in_shim(unwinder_.maps(), ip);
    };
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
        trace.frames.push_back({raw[i].ip, signal,
                                &symbolizer_.at(exact ? raw[i].ip : raw[i].ip - 1),
                                raw[i].stack_pointer, raw[i].saved});
    }
    return trace;
}

Backtrace Backtraces::name(std::span<const std::uint64_t> instruction_pointers) {
    Walk walk;
    walk.trace.via = Via::agent;
    bool trampoline = false;
    for (const std::uint64_t ip : instruction_pointers) {
        walk.frames.push_back({ip, 0, trampoline, {}});
        trampoline = unwinder_.is_trampoline(ip);
    }
    return name(std::move(walk), instruction_pointers.size());
}

std::vector<Backtrace> Backtraces::take(std::span<const Thread> threads,
                                        const BacktraceOptions& options) {
    if (process_ == nullptr) return {};
    // Names come last: to look them up may take longer than to see all of the threads.
    std::vector<Walk> walks(threads.size());
    // A system call filter may punish the copy of the stack with death.
    if (connection_ != nullptr && options.by_signal && process_->process_status().seccomp == 0) {
        capture_by_agent(*process_, *connection_, threads,
                         [&](std::size_t i, const Snapshot& snapshot) {
                             walks[i] = walk(threads[i], snapshot, options);
                         });
    }
    std::vector<std::size_t> unseen;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        const Backtrace& trace = walks[i].trace;
        if (trace.via == Via::none && trace.why.code != GapCode::ended) unseen.push_back(i);
    }
    for (std::size_t first = 0; first < unseen.size(); first += kAtOnce) {
        const auto some = std::span(unseen).subspan(first);
        const auto places = some.first(std::min(kAtOnce, some.size()));
        std::vector<pid_t> tids;
        for (const std::size_t place : places)
            tids.push_back(threads[place].tid);
        std::vector<Snapshot> snapshots = capture_outside(tids);
        for (std::size_t i = 0; i < places.size(); ++i) {
            Snapshot& outside = snapshots[i];
            const Gap& why = walks[places[i]].trace.why;
            if (outside.via == Via::none && !why.empty())
                outside.why.text = why.text + "; " + outside.why.text;
            walks[places[i]] = walk(threads[places[i]], outside, options);
        }
    }
    std::vector<Backtrace> traces;
    traces.reserve(threads.size());
    for (Walk& one : walks)
        traces.push_back(name(std::move(one), options.depth));
    return traces;
}

// Shares interleave, so that neither reader gets all of the busy threads.
std::vector<Snapshot> Backtraces::capture_outside(std::span<const pid_t> tids) {
    std::vector<Snapshot> snapshots(tids.size());
    const auto take_share = [&](OutsideCapture& outside, std::size_t begin, std::size_t step) {
        for (std::size_t i = begin; i < tids.size(); i += step)
            snapshots[i] = outside.take(tids[i]);
    };
    if (tids.size() < kTwoReadersFrom) {
        take_share(*outside_, 0, 1);
        return snapshots;
    }
    if (!second_outside_) second_outside_.emplace(*process_);
    std::exception_ptr failure;
    std::thread other([&] {
        try {
            take_share(*second_outside_, 1, 2);
        } catch (...) {
            failure = std::current_exception();
        }
    });
    try {
        take_share(*outside_, 0, 2);
    } catch (...) {
        other.join();
        throw;
    }
    other.join();
    if (failure) std::rethrow_exception(failure);
    return snapshots;
}

}  // namespace threadfault::diagnose
