#include "observe/call_instruction.hpp"

#include <cstring>

// Intel 64 manual, volume 2A, CALL; System V ABI for x86-64, procedure linkage table.

namespace threadfault::observe {
namespace {

constexpr unsigned char kOpcodeGroup5 = 0xff;  // its second byte says call (/2) or jump (/4)
constexpr unsigned char kCallRelative = 0xe8;
constexpr unsigned char kCallOffRip = 0x15;    // /2, disp32 from the next instruction
constexpr unsigned char kCallAbsolute = 0x14;  // /2 with an index byte: 0x25 is disp32 alone
constexpr unsigned char kWide = 0x48;          // REX.W
constexpr unsigned char kLoadAddress = 0x8d;
constexpr unsigned char kRaxOffRip = 0x05;
constexpr unsigned char kJumpOffRip = 0x25;  // /4

std::uint64_t from(std::uint64_t address, const unsigned char* operand) {
    std::int32_t distance = 0;
    std::memcpy(&distance, operand, sizeof distance);
    return address + static_cast<std::uint64_t>(std::int64_t{distance});
}

// Is that second byte of the opcode a call whose operand is `displacement` bytes long, behind an
// index byte or not?
bool calls(unsigned char second, unsigned displacement, bool index) {
    const unsigned mode = second >> 6;
    const unsigned operation = second >> 3 & 7;
    const unsigned base = second & 7;
    if (operation != 2) return false;
    if (mode == 3) return displacement == 0 && !index;
    if ((base == 4) != index) return false;
    if (mode == 0) return displacement == 0 && base != 5;
    return displacement == (mode == 1 ? 1U : 4U);
}

}  // namespace

// call rel32, also with a prefix.
std::optional<std::uint64_t> direct_target(const BytesBeforeReturn& bytes,
                                           std::uint64_t return_address) {
    const unsigned char* const end = bytes.data() + bytes.size();
    if (end[-5] != kCallRelative) return std::nullopt;
    return from(return_address, end - 4);
}

// call *slot(%rip), call *slot in 32 bits, mov slot(%rip),%rax; call *%rax.
std::optional<std::uint64_t> called_slot(const BytesBeforeReturn& bytes,
                                         std::uint64_t return_address) {
    const unsigned char* const end = bytes.data() + bytes.size();
    if (end[-6] == kOpcodeGroup5 && end[-5] == kCallOffRip) return from(return_address, end - 4);
    if (end[-7] == kOpcodeGroup5 && end[-6] == kCallAbsolute && end[-5] == 0x25) {
        return from(0, end - 4);
    }
    const bool by_rax = end[-2] == kOpcodeGroup5 && end[-1] == 0xd0;
    if (by_rax && end[-9] == kWide && end[-8] == 0x8b && end[-7] == kRaxOffRip) {
        return from(return_address - 2, end - 6);
    }
    return std::nullopt;
}

bool is_indirect_call(const BytesBeforeReturn& bytes) {
    struct Form {
        int length;  // without a prefix
        unsigned displacement;
        bool index;
    };
    constexpr Form kForms[] = {{2, 0, false}, {3, 0, true},  {3, 1, false},
                               {4, 1, true},  {6, 4, false}, {7, 4, true}};
    const unsigned char* const end = bytes.data() + bytes.size();
    for (const Form& form : kForms) {
        if (end[-form.length] == kOpcodeGroup5 &&
            calls(end[1 - form.length], form.displacement, form.index)) {
            return true;
        }
    }
    return false;
}

// lea object(%rip),%rdi, or by way of %rax; mov $object,%edi.
std::optional<std::uint64_t> first_argument(const BytesBeforeReturn& bytes,
                                            std::uint64_t call_address) {
    const unsigned char* const end = bytes.data() + bytes.size();
    if (end[-7] == kWide && end[-6] == kLoadAddress && end[-5] == 0x3d) {
        return from(call_address, end - 4);
    }
    if (end[-5] == 0xbf) return from(0, end - 4);
    // lea object(%rip),%rax; mov %rax,%rdi
    const bool moved = end[-3] == kWide && end[-2] == 0x89 && end[-1] == 0xc7;
    if (moved && end[-10] == kWide && end[-9] == kLoadAddress && end[-8] == kRaxOffRip) {
        return from(call_address - 3, end - 7);
    }
    return std::nullopt;
}

// [endbr64] [bnd] jmp *slot(%rip)
std::optional<std::uint64_t> slot_of_stub(const StubBytes& bytes, std::uint64_t address) {
    const std::size_t skip = bytes[0] == 0xf3 && bytes[1] == 0x0f ? 4 : 0;  // endbr64
    const std::size_t jump = bytes[skip] == 0xf2 ? skip + 1 : skip;         // bnd
    if (bytes[jump] != kOpcodeGroup5 || bytes[jump + 1] != kJumpOffRip) return std::nullopt;
    // Six bytes long; a slot in the twelve that were read.
    return from(address + jump + 6, &bytes[jump + 2]);
}

std::vector<std::uint64_t> jump_targets(std::span<const unsigned char> code,
                                        std::uint64_t address) {
    constexpr unsigned char kJump = 0xe9;
    constexpr unsigned char kConditionalJump = 0x80;  // up to 0x8f, behind 0x0f
    std::vector<std::uint64_t> targets;
    for (std::size_t at = 0; at + 5 <= code.size(); ++at) {
        const bool conditional =
            at > 0 && code[at - 1] == 0x0f && (code[at] & 0xf0) == kConditionalJump;
        if (code[at] != kJump && !conditional) continue;
        targets.push_back(from(address + at + 5, &code[at + 1]));
    }
    return targets;
}

}  // namespace threadfault::observe
