// Call instructions as compilers write them, read backwards.
#include "observe/call_instruction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kReturn = 0x401010;
constexpr std::uint32_t kNothing = 0xd503201f;
constexpr std::uint32_t kAdrpX16 = 0x90000090;      // adrp x16, . + 0x10000
constexpr std::uint32_t kAdrpX0 = 0xb0000000;       // adrp x0, . + 0x1000
constexpr std::uint32_t kLoadX17 = 0xf9400e11;      // ldr x17, [x16, #24]
constexpr std::uint32_t kLoadX0 = 0xf9400800;       // ldr x0, [x0, #16]
constexpr std::uint32_t kAddX0 = 0x91004000;        // add x0, x0, #16
constexpr std::uint32_t kCallX0 = 0xd63f0000;       // blr x0
constexpr std::uint32_t kCallX1 = 0xd63f0020;       // blr x1
constexpr std::uint32_t kJumpX17 = 0xd61f0220;      // br x17
constexpr std::uint32_t kCallForward = 0x94000005;  // bl . + 20
constexpr std::uint32_t kCallBack = 0x97fffffc;     // bl . - 16

template <typename Bytes>
Bytes bytes_of(std::initializer_list<std::uint32_t> code, bool at_end) {
    Bytes bytes{};
    const std::vector<std::uint32_t> words(code);
    const std::size_t size = words.size() * sizeof words[0];
    std::memcpy(bytes.data() + (at_end ? bytes.size() - size : 0), words.data(), size);
    return bytes;
}
BytesBeforeReturn ending_in(std::initializer_list<std::uint32_t> code) {
    return bytes_of<BytesBeforeReturn>(code, true);
}

TEST(CallInstruction, DirectCallsLeadSomewhere) {
    EXPECT_EQ(direct_target(ending_in({kCallForward}), kReturn), kReturn - 4 + 20);
    EXPECT_EQ(direct_target(ending_in({kCallBack}), kReturn), kReturn - 4 - 16);
    EXPECT_FALSE(direct_target(ending_in({kCallForward, kNothing}), kReturn));
    EXPECT_FALSE(direct_target(ending_in({kCallX0}), kReturn));
}

TEST(CallInstruction, SlotsAreTold) {
    EXPECT_EQ(called_slot(ending_in({kAdrpX0, kLoadX0, kCallX0}), kReturn), 0x402010);
    EXPECT_FALSE(called_slot(ending_in({kAdrpX0, kLoadX0, kCallX1}), kReturn));
    EXPECT_FALSE(called_slot(ending_in({kCallX0}), kReturn));
}

TEST(CallInstruction, CallsThroughRegistersAreCalls) {
    EXPECT_TRUE(is_indirect_call(ending_in({kCallX1})));
    EXPECT_FALSE(is_indirect_call(ending_in({kJumpX17})));
    EXPECT_FALSE(is_indirect_call(ending_in({kNothing})));
}

TEST(CallInstruction, ConstantArgumentsAreTold) {
    EXPECT_EQ(first_argument(ending_in({kAdrpX0, kAddX0}), kReturn), 0x402010);
    EXPECT_FALSE(first_argument(ending_in({kAddX0, kNothing}), kReturn));
    EXPECT_FALSE(first_argument(ending_in({kAdrpX16, kAddX0}), kReturn));
}

TEST(CallInstruction, StubsJumpThroughTheirSlots) {
    EXPECT_EQ(slot_of_stub(bytes_of<StubBytes>({kAdrpX16, kLoadX17}, false), kReturn), 0x411018);
    constexpr std::uint32_t kMark = 0xd503245f;  // bti c
    EXPECT_EQ(slot_of_stub(bytes_of<StubBytes>({kMark, kAdrpX16, kLoadX17}, false), kReturn),
              0x411018);
    EXPECT_FALSE(slot_of_stub(bytes_of<StubBytes>({kNothing, kNothing}, false), kReturn));
}

TEST(CallInstruction, JumpsOutOfAFunctionAreFound) {
    constexpr std::uint32_t kCode[] = {
        0x14000008,  // b . + 32
        0x54000100,  // b.eq . + 32
        0xb4000100,  // cbz x0, . + 32
        0x36000100,  // tbz w0, #0, . + 32
        kCallForward,
    };
    unsigned char bytes[sizeof kCode];
    std::memcpy(bytes, kCode, sizeof kCode);
    const std::vector<std::uint64_t> expected = {kReturn + 32, kReturn + 36, kReturn + 40,
                                                 kReturn + 44};
    EXPECT_EQ(jump_targets(bytes, kReturn), expected);
}

}  // namespace
}  // namespace threadfault::observe
