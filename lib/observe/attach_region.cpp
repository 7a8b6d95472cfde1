#include "observe/attach_region.hpp"

#include "arch/code.hpp"
#include "observe/maps.hpp"

#include <algorithm>
#include <string_view>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kMarkAt = 64;
constexpr std::string_view kMark = "threadfault attach, layout 1";

using arch::kPark;
using arch::kSpin;
static_assert(sizeof kPark <= kSpinAt && kSpinAt + sizeof kSpin <= kMarkAt);

}  // namespace

std::array<unsigned char, kAttachCodeSize> attach_region_code() {
    std::array<unsigned char, kAttachCodeSize> code{};
    for (std::size_t at = 0; at < code.size(); at += arch::kTrap.size())
        std::copy(arch::kTrap.begin(), arch::kTrap.end(),
                  code.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy(std::begin(kPark), std::end(kPark), code.begin() + kParkAt);
    std::copy(std::begin(kSpin), std::end(kSpin), code.begin() + kSpinAt);
    std::copy(kMark.begin(), kMark.end(), code.begin() + kMarkAt);
    return code;
}

namespace {

bool has_mark(const Memory& memory, std::uint64_t region) {
    std::array<char, kMark.size()> mark{};
    return memory.read(region + kMarkAt, mark.data(), mark.size()) &&
           std::string_view(mark.data(), mark.size()) == kMark;
}

}  // namespace

std::optional<HeldThread> held_thread(const Memory& memory, const TaskSyscall& call) {
    const std::uint64_t region = call.instruction_pointer & ~(kAttachCodeSize - 1);
    // Its futex is the first word of what is kept for it.
    const std::uint64_t kept = call.arguments[0];
    if (call.running || kept - region >= kAttachRegionSize || !has_mark(memory, region)) {
        return std::nullopt;
    }
    return memory.read<HeldThread>(kept);
}

std::optional<std::uint64_t> find_attach_region(const Process& process) {
    const Memory memory(process.pid());
    const Maps maps(process);
    for (const Mapping& mapping : maps.all()) {
        const bool may_be = mapping.executable && !mapping.writable && mapping.inode == 0 &&
                            mapping.end - mapping.begin == kAttachCodeSize;
        if (!may_be) continue;
        if (has_mark(memory, mapping.begin)) return mapping.begin;
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
