// Decoding and evaluating instructions: bytes as the GNU assembler makes them.
#include "diagnose/instruction.hpp"
#include "diagnose/machine.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace threadfault::diagnose {
namespace {

using Bytes = std::vector<unsigned char>;

struct Sample {
    const char* text;
    Bytes bytes;
    Opcode opcode;
};
std::ostream& operator<<(std::ostream& stream, const Sample& sample) {
    return stream << sample.text;
}

class Decoding : public testing::TestWithParam<Sample> {};

TEST_P(Decoding, FindsTheLengthAndTheKind) {
    const Sample& sample = GetParam();
    Bytes more = sample.bytes;
    more.resize(kLongestInstruction, 0x90);
    const auto instruction = decode(more, 0x1000);
    ASSERT_TRUE(instruction);
    EXPECT_EQ(instruction->length, sample.bytes.size());
    EXPECT_EQ(instruction->opcode, sample.opcode);
    for (std::size_t length = 0; length < sample.bytes.size(); ++length)
        EXPECT_FALSE(decode(std::span(sample.bytes).first(length), 0x1000)) << length;
}
INSTANTIATE_TEST_SUITE_P(
    Samples, Decoding,
    testing::Values(
        Sample{"cmp $1,%rdx", {0x48, 0x83, 0xfa, 0x01}, Opcode::compare},
        Sample{"movb $1,0x23(%rdi)", {0xc6, 0x47, 0x23, 0x01}, Opcode::move},
        Sample{"lea 0x10(%rsp),%rdi", {0x48, 0x8d, 0x7c, 0x24, 0x10}, Opcode::load_address},
        Sample{
            "movabs", {0x49, 0xba, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}, Opcode::move},
        Sample{"call *0x1234(%rip)", {0xff, 0x15, 0x34, 0x12, 0, 0}, Opcode::call_indirect},
        Sample{"jmp *(%rax,%rbx,8)", {0xff, 0x24, 0xd8}, Opcode::jump_indirect},
        Sample{"movups %xmm0,0x10(%rsp)", {0x0f, 0x11, 0x44, 0x24, 0x10}, Opcode::other},
        Sample{"vmovdqu %ymm1,(%r9)", {0xc4, 0xc1, 0x7e, 0x7f, 0x09}, Opcode::other},
        Sample{"vpcmpeqb %zmm1,%zmm2,%k1", {0x62, 0xf1, 0x6d, 0x48, 0x74, 0xc9}, Opcode::other},
        Sample{"imul $0x10,%rax,%rcx", {0x48, 0x6b, 0xc8, 0x10}, Opcode::other},
        Sample{"testb $1,(%rax)", {0xf6, 0x00, 0x01}, Opcode::test},
        Sample{"shl $3,%r8", {0x49, 0xc1, 0xe0, 0x03}, Opcode::other},
        Sample{"notrack jmp *%rax", {0x3e, 0xff, 0xe0}, Opcode::jump_indirect},
        Sample{"endbr64", {0xf3, 0x0f, 0x1e, 0xfa}, Opcode::nothing},
        Sample{"lock cmpxchg %rcx,(%rdx)", {0xf0, 0x48, 0x0f, 0xb1, 0x0a}, Opcode::other},
        Sample{"pextrw $1,%xmm0,%eax", {0x66, 0x0f, 0xc5, 0xc0, 0x01}, Opcode::other},
        Sample{"movzbl 0x35(%rax),%eax", {0x0f, 0xb6, 0x40, 0x35}, Opcode::move_zero},
        Sample{"push $0x1234", {0x68, 0x34, 0x12, 0, 0}, Opcode::push},
        Sample{"ud2", {0x0f, 0x0b}, Opcode::trap}));

TEST(Decode, FindsWhereABranchLeads) {
    EXPECT_EQ(decode(Bytes{0xe8, 0x10, 0, 0, 0}, 0x1000)->target, 0x1015);
    EXPECT_EQ(decode(Bytes{0x0f, 0x84, 0xf0, 0xff, 0xff, 0xff}, 0x1000)->target, 0x0ff6);
    EXPECT_EQ(decode(Bytes{0xeb, 0xfe}, 0x1000)->target, 0x1000);
    EXPECT_EQ(decode(Bytes{0xff, 0x15, 0x10, 0, 0, 0}, 0x1000)->source.value, 0x1016);
}

TEST(Decode, TakesNoInstructionsOfOtherModes) {
    EXPECT_FALSE(decode(Bytes{0x06, 0x90, 0x90}, 0));
    EXPECT_FALSE(decode(Bytes{0xea, 0, 0, 0, 0, 0, 0, 0}, 0));
}

class MachineTest : public testing::Test {
protected:
    void run(const Bytes& code) {
        for (std::size_t at = 0; at < code.size();) {
            const auto instruction = decode(std::span(code).subspan(at), at);
            ASSERT_TRUE(instruction) << at;
            machine_.run(*instruction, [](std::uint64_t, void*, std::size_t) { return false; });
            at += instruction->length;
        }
    }
    Machine machine_;
};

constexpr std::uint8_t kEqual = 4;
constexpr std::uint8_t kLess = 12;

TEST_F(MachineTest, KnowsTheSelectorWhereverItIsKept) {
    machine_.enter_landing_pad(2);
    run({0x89, 0x55, 0xec});     // mov %edx,-0x14(%rbp)
    machine_.come_back();        // a call
    run({0x8b, 0x45, 0xec});     // mov -0x14(%rbp),%eax
    run({0xb9, 0x02, 0, 0, 0});  // mov $2,%ecx
    run({0x39, 0xc8});           // cmp %ecx,%eax
    EXPECT_EQ(machine_.holds(kEqual), true);
    run({0x83, 0xe8, 0x03});  // sub $3,%eax
    EXPECT_EQ(machine_.holds(kEqual), false);
    EXPECT_EQ(machine_.holds(kLess), true);
}

TEST_F(MachineTest, ForgetsVariablesThatACalleeMayWrite) {
    run({0xc6, 0x45, 0xff, 0x01});  // movb $1,-1(%rbp)
    run({0x80, 0x7d, 0xff, 0x00});  // cmpb $0,-1(%rbp)
    EXPECT_EQ(machine_.holds(kEqual), false);
    machine_.come_back();
    run({0x80, 0x7d, 0xff, 0x00});
    EXPECT_EQ(machine_.holds(kEqual), std::nullopt);
}

TEST_F(MachineTest, DoesNotDecideByMemoryThatOthersWrite) {
    run({0x80, 0x3d, 0x10, 0, 0, 0, 0x00});  // cmpb $0,0x10(%rip)
    EXPECT_EQ(machine_.holds(kEqual), std::nullopt);
    run({0x48, 0x85, 0xed});  // test %rbp,%rbp: an address, or anything
    EXPECT_EQ(machine_.holds(kEqual), std::nullopt);
}

}  // namespace
}  // namespace threadfault::diagnose
