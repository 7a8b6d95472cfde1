#include "programs/diagnose/explain_death.hpp"

#include "diagnose/forecast.hpp"
#include "diagnose/remains.hpp"
#include "drive/faults/last_look.hpp"
#include "observe/proc_file.hpp"
#include "render/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

namespace threadfault::cli {
namespace {

constexpr std::size_t kMostFrames = 256;

// Instruction pointers, innermost first.
std::vector<std::uint64_t> unwound(diagnose::Backtraces& backtraces,
                                   const drive::KeptStack& stack) {
    diagnose::Registers registers{};
    diagnose::KnownRegisters known =
        diagnose::bit(wire::kRegisterSp) | diagnose::bit(wire::kRegisterIp);
    registers[wire::kRegisterSp] = stack.stack_pointer;
    registers[wire::kRegisterIp] = stack.instruction_pointer;
    if (stack.frame_pointer != 0) {
        registers[wire::kRegisterBp] = stack.frame_pointer;
        known |= diagnose::bit(wire::kRegisterBp);
    }
    const diagnose::StackCopy copy{stack.stack_pointer,
                                   {reinterpret_cast<const unsigned char*>(stack.words.data()),
                                    stack.words.size() * sizeof stack.words[0]}};
    std::vector<std::uint64_t> frames;
    for (const diagnose::RawFrame& frame :
         backtraces.unwinder().unwind(registers, copy, kMostFrames, false, known)) {
        frames.push_back(frame.ip);
    }
    return frames;
}

}  // namespace

int explain_death() {
    const auto bytes = observe::read_whole_file(AT_FDCWD, "/proc/self/fd/0");
    const auto look = bytes ? drive::parse_last_look(*bytes) : std::nullopt;
    if (!look) return 1;
    diagnose::Remains remains(observe::Maps(observe::parse_maps(look->maps)));
    diagnose::Backtraces backtraces(look->maps,
                                    [&](std::uint64_t address, void* buffer, std::size_t length) {
                                        return remains.read(address, buffer, length);
                                    });
    const std::vector<std::uint64_t> frames =
        look->frames.empty() ? unwound(backtraces, look->stack) : look->frames;
    if (frames.empty()) return 1;
    const diagnose::Backtrace trace = backtraces.name(frames);
    if (const auto cause = diagnose::cause_of_abort(backtraces, trace)) {
        print_out(drive::to_lines(*cause));
    }
    return 0;
}

}  // namespace threadfault::cli
