#include "observe/attach_region.hpp"

#include "observe/maps.hpp"

#include <algorithm>
#include <string_view>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kMarkAt = 64;
constexpr std::string_view kMark = "threadfault attach, layout 1";

constexpr unsigned char kPark[] = {
    0xb8, 0xca, 0,    0, 0,  // again: mov $SYS_futex, %eax
    0x48, 0x89, 0xdf,        // mov %rbx, %rdi
    0xbe, 0x80, 0,    0, 0,  // mov $FUTEX_WAIT | FUTEX_PRIVATE_FLAG, %esi
    0x31, 0xd2,              // xor %edx, %edx: while the word is 0
    0x45, 0x31, 0xd2,        // xor %r10d, %r10d: without a time limit
    0x0f, 0x05,              // syscall
    0xeb, 0xea,              // jmp again
};
constexpr unsigned char kSpin[] = {
    0xf3, 0x90,  // again: pause
    0xeb, 0xfc,  // jmp again
};
static_assert(sizeof kPark <= kSpinAt && kSpinAt + sizeof kSpin <= kMarkAt);

}  // namespace

std::array<unsigned char, kAttachCodeSize> attach_region_code() {
    std::array<unsigned char, kAttachCodeSize> code{};
    code.fill(0xcc);
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
