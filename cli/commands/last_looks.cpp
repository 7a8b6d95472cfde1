#include "commands/last_looks.hpp"

#include "drive/faults/last_look.hpp"
#include "drive/programs/ask_helper.hpp"
#include "observe/frame_pointers.hpp"

#include <csignal>

namespace threadfault::cli {
namespace {

// Of a stack: more than a handler that swallows an unwinding is away.
constexpr std::size_t kKeptWords = 4096;

}  // namespace

void LastLooks::begin(const observe::Process& process) {
    if (memory_) return;
    memory_ = observe::Memory(process.pid()).remembering();
    modules_ = observe::loaded_modules(process, *memory_);
}

void LastLooks::take(const observe::Process& process, const std::vector<drive::Victim>& victims) {
    if (victims.size() > drive::kMostToTell) return;
    taken_ = true;
    begin(process);
    const observe::Memory memory(process.pid());
    observe::FramePointers frame_pointers(process, *memory_, modules_);
    for (const drive::Victim& victim : victims) {
        const auto call = process.syscall(victim.tid);
        if (!call || call->running) continue;
        drive::KeptStack stack{call->stack_pointer, call->instruction_pointer, 0,
                               std::vector<std::uint64_t>(kKeptWords)};
        const std::size_t bytes = memory.read_some(call->stack_pointer, stack.words.data(),
                                                   kKeptWords * sizeof(std::uint64_t));
        stack.words.resize(bytes / sizeof(std::uint64_t));
        stack.frame_pointer = frame_pointers.of(*call, stack.words).value;
        if (!stack.words.empty()) stacks_[victim.tid] = std::move(stack);
    }
}

void LastLooks::explain(std::vector<drive::Result>& results) const {
    for (drive::Result& result : results) {
        // Died of something else: where the victim was says nothing of it.
        const auto kept = stacks_.find(result.victim.tid);
        const bool slept = kept != stacks_.end();
        if (result.killed_by != SIGABRT || !taken_) continue;
        if (result.frames.empty() && !slept) {
            // It was cancelled while it computed, and acted on that later, somewhere else.
            result.reason +=
                "; the thread was running when the request reached it: where it was when the "
                "process aborted is not known, its standard error may say why";
            continue;
        }
        drive::LastLook look{drive::maps_text(modules_), result.frames};
        if (slept) look.stack = kept->second;
        const auto answer =
            drive::ask_helper("threadfault-diagnose", {"__explain-death"}, drive::to_bytes(look));
        const auto cause = answer ? drive::parse_ground(*answer) : std::nullopt;
        if (!cause) continue;
        result.reason += "; aborted: " + drive::sentence_afterwards(*cause);
        result.grounds.push_back(*cause);
    }
}

}  // namespace threadfault::cli
