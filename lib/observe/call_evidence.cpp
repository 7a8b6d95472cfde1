#include "observe/call_evidence.hpp"

#include "observe/code_places.hpp"
#include "observe/frame_walk.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr int kMostLibcFrames = 12;
constexpr int kMostForeignFrames = 16;
constexpr std::string_view kShim = "libthreadfault_preload";
// Where the caller's frame is looked for when the frame pointer is not known.
constexpr std::size_t kScannedWords = 256;

CallEvidence libc_waits(FrameWalk& walk) {
    CallEvidence found;
    found.by = CallEvidence::By::libc;
    found.call = walk.place().waits;
    std::string innermost;
    const auto name_by = [&innermost](const std::string& function) {
        if (innermost.empty() && !is_common_to_cancellation_points(function)) innermost = function;
    };
    name_by(walk.place().function);
    for (int frame = 0; frame < kMostLibcFrames && walk.to_caller(); ++frame) {
        const CodePlace& place = walk.place();
        if (found.call == nullptr) found.call = place.callee_waits;
        if (place.libc) {
            if (found.call == nullptr) found.call = place.waits;
            name_by(place.function);
            continue;
        }
        // An interceptor has the name of what it stands for, and calls by a pointer.
        if (found.call == nullptr) found.call = place.waits;
        found.frames_end = walk.stack_pointer();
        found.argument = place.argument;
        found.complete = !place.callee.empty();
        // What the program has written, unless libc waits on its own account.
        if (found.call == nullptr) {
            found.name = place.callee;
        } else if (place.callee_waits != nullptr && place.callee_waits->kind == found.call->kind) {
            found.name = place.callee_waits->name;
        }
        found.caller_end = walk.to_caller() ? walk.stack_pointer() : 0;
        break;
    }
    if (found.name.empty()) found.name = found.call != nullptr ? found.call->name : innermost;
    return found;
}

CallEvidence others_wait(FrameWalk& walk, CodePlaces& places) {
    CallEvidence found;
    found.by = CallEvidence::By::others;
    std::vector<std::string> frames{places.full_name(walk.inside())};
    std::string library(walk.place().libc ? "" : places.library_of(walk.inside()));
    for (int frame = 0; frame < kMostForeignFrames && walk.to_caller(); ++frame) {
        const std::string_view here = places.library_of(walk.inside());
        if (here.starts_with(kShim)) break;  // where the thread begins
        if (frame == 0 && library.empty() && !walk.place().libc) library = here;
        // A library's function that has gone on by a jump stands only in the call that led to it.
        frames.push_back(without_parameters(demangle(walk.place().callee.c_str())));
        frames.push_back(places.full_name(walk.inside()));
    }
    found.name = name_of_foreign_wait(frames);
    // A library without names for its own functions, which the program's code has called last.
    if (found.name.empty()) found.name = library;
    return found;
}

}  // namespace

struct CallFacts::Implementation {
    Implementation(const Process& process, const Memory& memory_)
        : memory(memory_), places(process, memory_) {}

    const Memory memory;
    std::mutex mutex;
    CodePlaces places;
    struct Known {
        TaskSyscall call;
        StackTop stack;
        CallEvidence evidence;
    };
    std::unordered_map<std::uint64_t, Known> known;  // by stack pointer
    bool streams_read = false;
    std::vector<std::pair<std::uint64_t, std::string_view>> streams;  // by their locks
};

CallFacts::CallFacts(const Process& process, const Memory& memory)
    : implementation_(std::make_unique<Implementation>(process, memory)) {}

CallFacts::~CallFacts() = default;

CallEvidence CallFacts::evidence(const TaskSyscall& call, const StackTop& top) {
    const std::lock_guard lock(implementation_->mutex);
    CodePlaces& places = implementation_->places;
    const StackWords stack(implementation_->memory, top.address,
                           std::span(top.words).first(top.count));
    FrameWalk walk(places, stack, call, kScannedWords);
    const CodePlace& place = walk.place();
    if (!place.known) return {};
    const bool own = place.libc && place.function != "syscall";
    CallEvidence found = own ? libc_waits(walk) : others_wait(walk, places);
    implementation_->known.insert_or_assign(call.stack_pointer,
                                            Implementation::Known{call, top, found});
    return found;
}

bool CallFacts::recall(const TaskSyscall& call, StackTop* stack, CallEvidence* evidence) const {
    const std::lock_guard lock(implementation_->mutex);
    const auto found = implementation_->known.find(call.stack_pointer);
    if (found == implementation_->known.end()) return false;
    const TaskSyscall& then = found->second.call;
    if (then.instruction_pointer != call.instruction_pointer || then.number != call.number ||
        !std::equal(std::begin(then.arguments), std::end(then.arguments), call.arguments)) {
        return false;
    }
    *stack = found->second.stack;
    *evidence = found->second.evidence;
    return true;
}

std::string_view CallFacts::stream_of_lock(std::uint64_t address) {
    const std::lock_guard lock(implementation_->mutex);
    if (!implementation_->streams_read) {
        implementation_->streams_read = true;
        constexpr std::uint64_t kLockField = 0x88;  // struct _IO_FILE::_lock, part of the ABI
        constexpr std::pair<std::string_view, std::string_view> kStreams[] = {
            {"_IO_2_1_stdin_", "stdin"},
            {"_IO_2_1_stdout_", "stdout"},
            {"_IO_2_1_stderr_", "stderr"}};
        for (const auto& [symbol, name] : kStreams) {
            const auto stream = implementation_->places.address_in_libc(symbol);
            if (!stream) continue;
            const auto field = implementation_->memory.read<std::uint64_t>(*stream + kLockField);
            if (field) implementation_->streams.emplace_back(*field, name);
        }
    }
    for (const auto& [known, name] : implementation_->streams)
        if (known == address) return name;
    return {};
}

}  // namespace threadfault::observe
