#include "observe/frame_pointers.hpp"

#include "arch/code.hpp"
#include "observe/code_places.hpp"
#include "observe/frame_walk.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace threadfault::observe {
namespace {

constexpr int kMostFrames = 200;

// Where a thread's stack ends: nothing has called these.
constexpr std::array<std::string_view, 4> kFirstFunctions = {"clone3", "__clone3", "clone",
                                                             "_start"};

}  // namespace

struct FramePointers::Implementation {
    Implementation(const Process& process, const Memory& memory_)
        : memory(memory_), places(process, memory_, CodePlaces::Names::without) {}
    const Memory memory;
    CodePlaces places;
};

FramePointers::FramePointers(const Process& process, const Memory& memory)
    : implementation_(std::make_unique<Implementation>(process, memory)) {}

FramePointers::FramePointers(const Process& process, const Memory& memory,
                             std::vector<LoadedModule> modules)
    : FramePointers(process, memory) {
    implementation_->places.know(std::move(modules));
}

FramePointers::~FramePointers() = default;

FramePointer FramePointers::of(const TaskSyscall& call, std::span<const std::uint64_t> stack) {
    using Known = FramePointer::Known;
    const StackWords words(implementation_->memory, call.stack_pointer, stack);
    FrameWalk walk(implementation_->places, words, call, stack.size());
    for (int frame = 0; frame < kMostFrames; ++frame) {
        const CodePlace& place = walk.place();
        if (place.rule && place.rule->by_frame_pointer) {
            const auto found = walk.find_frame_pointer();
            return found ? FramePointer{Known::found, *found} : FramePointer{};
        }
        if (!walk.to_caller()) {
            // All registers are on the stack where a signal handler returns to.
            using Code = std::remove_const_t<decltype(arch::kTrampoline)>;
            const auto code = implementation_->memory.read<Code>(walk.address());
            const auto is_first = [&] {
                const std::string name = implementation_->places.function_at(walk.inside());
                return std::find(kFirstFunctions.begin(), kFirstFunctions.end(), name) !=
                       kFirstFunctions.end();
            };
            const bool first = code == arch::kTrampoline || is_first();
            return {first ? Known::not_needed : Known::unknown, 0};
        }
        if (walk.frame_pointer()) return {Known::not_needed, 0};
    }
    return {};
}

}  // namespace threadfault::observe
