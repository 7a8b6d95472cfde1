// What instructions do to a loop's progress: words as the GNU assembler makes them. And what the
// code of a loop says, read from this very process.
#include "diagnose/loop_step.hpp"
#include "diagnose/loop_code.hpp"
#include "diagnose/spin_sample.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ostream>
#include <set>

namespace threadfault::diagnose {
namespace {

using Leads = LoopStep::Leads;

constexpr std::uint64_t kHere = 0x10000;

std::optional<LoopStep> step_of(std::uint32_t word) {
    std::array<unsigned char, sizeof word> bytes{};
    std::memcpy(bytes.data(), &word, sizeof word);
    return loop_step(bytes, kHere);
}

struct Branch {
    const char* text;
    std::uint32_t word;
    Leads leads;
    std::int64_t distance = 0;
    bool calls = false;
};
std::ostream& operator<<(std::ostream& stream, const Branch& branch) {
    return stream << branch.text;
}

class Branches : public testing::TestWithParam<Branch> {};

TEST_P(Branches, LeadSomewhere) {
    const auto step = step_of(GetParam().word);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->length, 4);
    EXPECT_EQ(step->leads, GetParam().leads);
    EXPECT_EQ(step->calls, GetParam().calls);
    if (GetParam().distance != 0) {
        EXPECT_EQ(static_cast<std::int64_t>(step->target - kHere), GetParam().distance);
    }
    EXPECT_TRUE(step->touches.empty());
    EXPECT_TRUE(step->writes.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Words, Branches,
    testing::Values(
        Branch{"b", 0x14000004, Leads::away, 16}, Branch{"bl", 0x97fffffe, Leads::on, -8, true},
        Branch{"b.ne", 0x54000041, Leads::either, 8}, Branch{"b.al", 0x5400004e, Leads::away, 8},
        Branch{"cbnz w3", 0x35ffffa3, Leads::either, -12},
        Branch{"tbz x5, #33", 0xb60800a5, Leads::either, 20},
        Branch{"blr x2", 0xd63f0040, Leads::on, 0, true},
        Branch{"br x2", 0xd61f0040, Leads::nowhere}, Branch{"ret", 0xd65f03c0, Leads::nowhere},
        Branch{"udf", 0x00000000, Leads::nowhere}, Branch{"brk", 0xd4200020, Leads::nowhere},
        Branch{"svc", 0xd4000001, Leads::on}, Branch{"mrs x0, cntvct_el0", 0xd53be040, Leads::on},
        Branch{"add x0, x0, #1", 0x91000400, Leads::on},
        Branch{"madd x0, x1, x2, x3", 0x9b020c20, Leads::on},
        Branch{"dc civac, x3", 0xd50b7e23, Leads::on}, Branch{"prfm [x0]", 0xf9800000, Leads::on}));

struct Access {
    const char* text;
    std::uint32_t word;
    bool writes;
    std::uint8_t size;
    int base;
    std::int64_t at = 0;
    std::size_t count = 1;
    int index = kNoRegister;
    std::uint8_t scale = 1;
    bool vectors = false;
};
std::ostream& operator<<(std::ostream& stream, const Access& access) {
    return stream << access.text;
}

class Accesses : public testing::TestWithParam<Access> {};

TEST_P(Accesses, AreTold) {
    const Access& access = GetParam();
    const auto step = step_of(access.word);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->leads, Leads::on);
    EXPECT_EQ(step->vectors, access.vectors);
    ASSERT_EQ(step->touches.size(), access.count);
    EXPECT_EQ(step->writes.size(), access.writes ? access.count : 0);
    for (std::size_t i = 0; i < access.count; ++i) {
        const Operand& operand = step->touches[i];
        EXPECT_EQ(operand.kind, Operand::Kind::memory);
        EXPECT_EQ(operand.size, access.size);
        EXPECT_EQ(operand.base, access.base);
        EXPECT_EQ(operand.index, access.index);
        EXPECT_EQ(operand.scale, access.scale);
        EXPECT_EQ(static_cast<std::int64_t>(operand.value),
                  access.at + static_cast<std::int64_t>(i * access.size));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Words, Accesses,
    testing::Values(Access{"ldr w0, [x1, #12]", 0xb9400c20, false, 4, 1, 12},
                    Access{"ldrb w0, [x1, x2]", 0x38626820, false, 1, 1, 0, 1, 2},
                    Access{"ldr x0, [x1, w2, sxtw #3]", 0xf862d820, false, 8, 1, 0, 1, 2, 8},
                    Access{"str x0, [sp, #16]", 0xf9000be0, true, 8, 31, 16},
                    Access{"strh w0, [x1], #2", 0x78002420, true, 2, 1},
                    Access{"str w0, [x1, #-4]!", 0xb81fcc20, true, 4, 1, -4},
                    Access{"stur x0, [x29, #-24]", 0xf81e83a0, true, 8, 29, -24},
                    Access{"stp x0, x1, [x29, #-32]", 0xa93e07a0, true, 8, 29, -32, 2},
                    Access{"ldp w0, w1, [x3, #8]", 0x29410460, false, 4, 3, 8, 2},
                    Access{"ldaxr w0, [x1]", 0x885ffc20, false, 4, 1},
                    Access{"stlxr w2, w0, [x1]", 0x8802fc20, true, 4, 1},
                    Access{"ldar w0, [x1]", 0x88dffc20, false, 4, 1},
                    Access{"stlr w0, [x1]", 0x889ffc20, true, 4, 1},
                    Access{"casal w0, w1, [x2]", 0x88e0fc41, true, 4, 2},
                    Access{"swpab w0, w1, [x2]", 0x38a08041, true, 1, 2},
                    Access{"ldaddal x0, x1, [x2]", 0xf8e00041, true, 8, 2},
                    Access{"ldaprb w0, [x1]", 0x38bfc020, false, 1, 1},
                    Access{"str q0, [x1, #32]", 0x3d800820, true, 16, 1, 32, 1, kNoRegister, 1,
                           true},
                    Access{"ldr d0, [x1]", 0xfd400020, false, 8, 1, 0, 1, kNoRegister, 1, true},
                    Access{"st1 {v0.4s}, [x2]", 0x4c007840, true, 0, 2, 0, 1, kNoRegister, 1, true},
                    Access{"dc zva, x3", 0xd50b7423, true, 0, 3}));

TEST(LoopStep, TellsVectorsAndPauses) {
    EXPECT_TRUE(step_of(0x9e670020)->vectors);  // fmov d0, x1
    EXPECT_FALSE(step_of(0x91000400)->vectors);
    EXPECT_TRUE(step_of(0xd503203f)->pauses);   // yield
    EXPECT_TRUE(step_of(0xd5033fdf)->pauses);   // isb
    EXPECT_FALSE(step_of(0xd503201f)->pauses);  // nop
}

// What writes memory, or how much, is not said of these.
TEST(LoopStep, TakesNothingThatItDoesNotKnow) {
    EXPECT_FALSE(step_of(0xe400e000));  // st1b {z0.b}, p0, [x0]
    EXPECT_FALSE(step_of(0xd9200800));  // stg x0, [x0]
    EXPECT_FALSE(step_of(0x19010443));  // cpyfp [x3]!, [x1]!, x2!
    EXPECT_FALSE(loop_step(std::array<unsigned char, 3>{}, kHere));
}

std::uint64_t address_of(const std::uint32_t* word) {
    return reinterpret_cast<std::uint64_t>(word);
}

TEST(LoopCode, IsReadOnThisMachine) {
    static constexpr std::uint32_t kLoop[] = {
        0x91000400,  // again: add x0, x0, #1
        0xf9000be0,  //        str x0, [sp, #16]
        0xb9400c22,  //        ldr w2, [x1, #12]
        0x35ffffa2,  //        cbnz w2, again
        0xb9000020,  //        str w0, [x1]
        0xd65f03c0,  //        ret
    };
    const observe::Memory memory(getpid());
    const std::uint64_t begin = address_of(kLoop);
    const LoopCode code = code_of_loops(memory, {begin + 8});
    EXPECT_TRUE(code.whole);
    EXPECT_FALSE(code.vectors);
    ASSERT_EQ(code.writes.size(), 1U);
    EXPECT_EQ(code.writes[0].base, 31);
    EXPECT_EQ(code.writes[0].value, 16);
    EXPECT_EQ(code.address_registers.at(begin + 8), (std::set<int>{kNoRegister, 1, 31}));
    EXPECT_TRUE(leads_to(memory, begin, begin + 20));
    EXPECT_FALSE(leads_to(memory, begin + 16, begin));
}

// The link register says who has called a function only until that calls another.
TEST(SpinSample, CallersAreThoseThatCalledThisCode) {
    static constexpr std::uint32_t kCode[] = {
        0x94000003,  // bl inner
        0x17ffffff,  // b: back to the call
        0xd65f03c0,  // ret
        0xb9400c22,  // inner: ldr w2, [x1, #12]
        0xd4000001,  // svc #0
        0xd65f03c0,  // ret
    };
    const observe::Memory memory(getpid());
    const std::uint64_t begin = address_of(kCode);
    observe::CpuSample sample;
    sample.registers[30] = begin + 4;
    sample.instruction_pointer = begin + 12;
    EXPECT_EQ(caller_of(memory, sample), begin + 3);
    sample.instruction_pointer = begin + 4;
    EXPECT_FALSE(caller_of(memory, sample));
    EXPECT_EQ(system_call_of(memory, sample), -1);
    sample.instruction_pointer = begin + 20;
    sample.registers[8] = 124;
    EXPECT_EQ(system_call_of(memory, sample), 124);
}

}  // namespace
}  // namespace threadfault::diagnose
