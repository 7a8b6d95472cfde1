// Call instructions as compilers write them, read backwards.
#include "observe/call_instruction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kReturn = 0x401000;

BytesBeforeReturn ending_in(std::initializer_list<unsigned char> code) {
    BytesBeforeReturn bytes{};
    std::copy(code.begin(), code.end(), bytes.end() - static_cast<std::ptrdiff_t>(code.size()));
    return bytes;
}

TEST(CallInstruction, DirectCallsLeadSomewhere) {
    EXPECT_EQ(direct_target(ending_in({0xe8, 0x10, 0, 0, 0}), kReturn), kReturn + 0x10);
    EXPECT_EQ(direct_target(ending_in({0x67, 0xe8, 0xf0, 0xff, 0xff, 0xff}), kReturn),
              kReturn - 0x10);
    EXPECT_FALSE(direct_target(ending_in({0xe9, 0x10, 0, 0, 0}), kReturn));
}

TEST(CallInstruction, SlotsAreToldInEveryForm) {
    EXPECT_EQ(called_slot(ending_in({0xff, 0x15, 0x10, 0, 0, 0}), kReturn), kReturn + 0x10);
    EXPECT_EQ(called_slot(ending_in({0xff, 0x14, 0x25, 0, 0x40, 0x40, 0}), kReturn), 0x404000);
    EXPECT_EQ(called_slot(ending_in({0x48, 0x8b, 0x05, 0x10, 0, 0, 0, 0xff, 0xd0}), kReturn),
              kReturn - 2 + 0x10);
    EXPECT_FALSE(called_slot(ending_in({0xff, 0x25, 0x10, 0, 0, 0}), kReturn)) << "a jump";
    EXPECT_FALSE(called_slot(ending_in({0xff, 0xd0}), kReturn));
}

TEST(CallInstruction, CallsThroughRegistersAreCalls) {
    EXPECT_TRUE(is_indirect_call(ending_in({0xff, 0xd0}))) << "call *%rax";
    EXPECT_TRUE(is_indirect_call(ending_in({0x41, 0xff, 0xd4}))) << "call *%r12";
    EXPECT_TRUE(is_indirect_call(ending_in({0xff, 0x13}))) << "call *(%rbx)";
    EXPECT_TRUE(is_indirect_call(ending_in({0xff, 0x50, 0x18}))) << "call *0x18(%rax)";
    EXPECT_TRUE(is_indirect_call(ending_in({0xff, 0x93, 0x40, 1, 0, 0}))) << "call *0x140(%rbx)";
    EXPECT_TRUE(is_indirect_call(ending_in({0xff, 0x14, 0xc3}))) << "call *(%rbx,%rax,8)";
    EXPECT_FALSE(is_indirect_call(ending_in({0xff, 0xe0}))) << "jmp *%rax";
    EXPECT_FALSE(is_indirect_call(ending_in({0x90, 0x90, 0x90}))) << "nop";
}

TEST(CallInstruction, ConstantArgumentsAreTold) {
    EXPECT_EQ(first_argument(ending_in({0x48, 0x8d, 0x3d, 0x10, 0, 0, 0}), kReturn),
              kReturn + 0x10);
    EXPECT_EQ(first_argument(ending_in({0xbf, 0, 0x40, 0x40, 0}), kReturn), 0x404000);
    EXPECT_EQ(
        first_argument(ending_in({0x48, 0x8d, 0x05, 0x10, 0, 0, 0, 0x48, 0x89, 0xc7}), kReturn),
        kReturn - 3 + 0x10);
    EXPECT_FALSE(first_argument(ending_in({0x48, 0x89, 0xdf}), kReturn)) << "mov %rbx,%rdi";
}

TEST(CallInstruction, StubsJumpThroughTheirSlots) {
    const StubBytes plain{0xff, 0x25, 0x10, 0, 0, 0};
    EXPECT_EQ(slot_of_stub(plain, kReturn), kReturn + 6 + 0x10);
    const StubBytes marked{0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0x10, 0, 0, 0};
    EXPECT_EQ(slot_of_stub(marked, kReturn), kReturn + 10 + 0x10);
    const StubBytes bound{0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x10, 0, 0, 0};
    EXPECT_EQ(slot_of_stub(bound, kReturn), kReturn + 11 + 0x10);
    EXPECT_FALSE(slot_of_stub(StubBytes{0x55, 0x48, 0x89, 0xe5}, kReturn));
}

TEST(CallInstruction, JumpsOutOfAFunctionAreFound) {
    const unsigned char code[] = {0x0f, 0x84, 0x10, 0, 0, 0, 0xe9, 0x20, 0, 0, 0, 0xc3};
    const auto targets = jump_targets(code, kReturn);
    EXPECT_NE(std::find(targets.begin(), targets.end(), kReturn + 6 + 0x10), targets.end());
    EXPECT_NE(std::find(targets.begin(), targets.end(), kReturn + 11 + 0x20), targets.end());
}

}  // namespace
}  // namespace threadfault::observe
