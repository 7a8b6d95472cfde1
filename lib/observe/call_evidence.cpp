#include "observe/call_evidence.hpp"

#include "observe/code_places.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr int kMostLibcFrames = 12;
constexpr int kMostForeignFrames = 16;
// Where the caller's frame is looked for when the frame pointer is not known.
constexpr std::size_t kScannedWords = 256;

// A thread's stack: the part that was read with its wait, and what is read when it is needed.
class Stack {
public:
    Stack(const Memory& memory, const StackTop& top) : memory_(memory), top_(top) {}

    std::optional<std::uint64_t> word(std::uint64_t address) const {
        const std::uint64_t at = (address - top_.address) / sizeof(std::uint64_t);
        if (address >= top_.address && address % sizeof(std::uint64_t) == 0 && at < top_.count) {
            return top_.words[at];
        }
        return memory_.read<std::uint64_t>(address);
    }

private:
    const Memory& memory_;
    const StackTop& top_;
};

// One frame after the other, innermost first.
class Walk {
public:
    Walk(CodePlaces& places, const Stack& stack, const TaskSyscall& call)
        : places_(places),
          stack_(stack),
          address_(call.instruction_pointer),
          stack_pointer_(call.stack_pointer),
          place_(&places.at(address_, false)) {}

    const CodePlace& place() const noexcept { return *place_; }
    std::uint64_t address() const noexcept { return address_; }
    // An address within the function, also behind a call that ends it.
    std::uint64_t inside() const noexcept { return returned_ ? address_ - 1 : address_; }
    // Of this frame, where its caller's begins.
    std::uint64_t stack_pointer() const noexcept { return stack_pointer_; }

    bool to_caller() {
        if (!place_->rule) return false;
        const FrameRule& rule = *place_->rule;
        std::uint64_t end = 0;
        if (!rule.by_frame_pointer) {
            end = stack_pointer_ + static_cast<std::uint64_t>(rule.size);
        } else if (frame_pointer_) {
            end = *frame_pointer_ + static_cast<std::uint64_t>(rule.size);
        } else {
            end = find_frame_end(rule);
        }
        // Frames lie behind each other.
        if (end <= stack_pointer_ || end % sizeof end != 0) return false;
        const auto back = stack_.word(end - sizeof end);
        if (!back) return false;
        if (rule.frame_pointer_at) {
            frame_pointer_ = stack_.word(end + static_cast<std::uint64_t>(*rule.frame_pointer_at));
        }
        address_ = *back;
        stack_pointer_ = end;
        returned_ = true;
        place_ = &places_.at(address_, true);
        return place_->known && place_->after_call;
    }

private:
    // The kernel doesn't show %rbp, and it has not been saved yet. Its frame is the first whose
    // return address stands behind a call of this very function.
    std::uint64_t find_frame_end(const FrameRule& rule) const {
        constexpr std::uint64_t kWord = sizeof(std::uint64_t);
        if (rule.size != 2 * static_cast<std::int64_t>(kWord)) return 0;
        std::uint64_t indirect = 0;
        for (std::size_t i = 0; i < kScannedWords; ++i) {
            const std::uint64_t slot = stack_pointer_ + i * kWord;
            const auto saved = stack_.word(slot);
            const auto back = stack_.word(slot + kWord);
            if (!saved || !back) break;
            const bool chained = *saved > slot && *saved % kWord == 0;
            if (!chained) continue;
            const CodePlace& caller = places_.at(*back, true);
            if (!caller.known || !caller.after_call) continue;
            if (caller.callee_begin == rule.begin) return slot + 2 * kWord;
            if (indirect == 0 && caller.callee_begin == 0) indirect = slot + 2 * kWord;
        }
        return indirect;
    }

    CodePlaces& places_;
    const Stack& stack_;
    std::uint64_t address_;
    std::uint64_t stack_pointer_;
    bool returned_ = false;
    std::optional<std::uint64_t> frame_pointer_;
    const CodePlace* place_;
};

CallEvidence libc_waits(Walk& walk) {
    CallEvidence found;
    found.by = CallEvidence::By::libc;
    found.call = walk.place().waits;
    const std::string* innermost = &walk.place().function;
    for (int frame = 0; frame < kMostLibcFrames && walk.to_caller(); ++frame) {
        const CodePlace& place = walk.place();
        if (found.call == nullptr) found.call = place.callee_waits;
        if (place.libc) {
            if (found.call == nullptr) found.call = place.waits;
            if (innermost->empty()) innermost = &place.function;
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
    if (found.name.empty()) found.name = found.call != nullptr ? found.call->name : *innermost;
    return found;
}

CallEvidence others_wait(Walk& walk, CodePlaces& places) {
    CallEvidence found;
    found.by = CallEvidence::By::others;
    std::vector<std::string> frames{places.full_name(walk.inside())};
    for (int frame = 0; frame < kMostForeignFrames && walk.to_caller(); ++frame) {
        // A library's function that has gone on by a jump stands only in the call that led to it.
        frames.push_back(without_parameters(demangle(walk.place().callee.c_str())));
        frames.push_back(places.full_name(walk.inside()));
    }
    found.name = name_of_foreign_wait(frames);
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
    const Stack stack(implementation_->memory, top);
    Walk walk(places, stack, call);
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
