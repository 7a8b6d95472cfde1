// What the agent reads to judge the room on a stack.
#include "preload/base/own_memory.hpp"
#include "preload/base/stack_growth.hpp"
#include "preload/base/task_file.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <cstring>
#include <string_view>

namespace threadfault::shim {
namespace {

std::uint64_t stack_pointer_in(std::string_view text) {
    std::uint64_t found = 0;
    return parse_stack_pointer(text.data(), text.size(), &found) ? found : 0;
}

TEST(StackPointer, IsTheLastButOneOfAWaitingThread) {
    EXPECT_EQ(stack_pointer_in("35 0x1 0x2 0x0 0x0 0x0 0x7 0x7f6a11ffade0 0x7f6a12345678\n"),
              0x7f6a11ffade0U);
}

TEST(StackPointer, IsToldOfOneThatWaitsOutsideOfSystemCalls) {
    EXPECT_EQ(stack_pointer_in("-1 0x7f6a11ffade0 0x401234\n"), 0x7f6a11ffade0U);
}

TEST(StackPointer, IsNotKnownOfARunningThread) {
    for (const char* text :
         {"running\n", "running", "", "\n", "0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n", "35 0x1\n",
          "35 1 2 3\n", "35 0xzz 0x1\n"}) {
        EXPECT_EQ(stack_pointer_in(text), 0U) << text;
    }
}

constexpr std::string_view kMaps =
    "00400000-00401000 r-xp 00000000 00:01 7                          /bin/x\n"
    "7f0000000000-7f0000800000 rw-p 00000000 00:00 0 \n"
    "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
    "7ffc00100000-7ffc00104000 r--p 00000000 00:00 0                          [vvar]\n";
constexpr std::uint64_t kMebibyte = 1024 * 1024;

std::uint64_t room_at(std::uint64_t stack_pointer, std::uint64_t limit, std::size_t piece) {
    GrowthParser parser(stack_pointer);
    for (std::size_t at = 0; at < kMaps.size(); at += piece) {
        const std::string_view part = kMaps.substr(at, piece);
        if (parser.feed(part.data(), part.size())) break;
    }
    return parser.room(limit);
}

TEST(Growth, OfMainsStackEndsAtItsLimit) {
    for (const std::size_t piece : {1U, 7U, 64U, 4096U}) {
        EXPECT_EQ(room_at(0x7ffc00020000, 8 * kMebibyte, piece), 8 * kMebibyte - 0x1000) << piece;
    }
    EXPECT_EQ(room_at(0x7ffc00020000, 0x1800, 4096), 0x800U);
    EXPECT_EQ(room_at(0x7ffc00020000, 0x800, 4096), 0U);
}

TEST(Growth, KeepsItsDistanceFromWhatLiesBelow) {
    EXPECT_EQ(room_at(0x7ffc00020000, UINT64_MAX, 4096),
              0x7ffc00020000 - 0x7f0000800000 - kMebibyte);
}

TEST(Growth, IsMainsStacksAlone) {
    EXPECT_EQ(room_at(0x7f0000000100, UINT64_MAX, 4096), 0U);
    EXPECT_EQ(room_at(0x10, UINT64_MAX, 4096), 0U);
}

TEST(Growth, LeavesWhatHasNeverBeenMapped) {
    GrowthParser parser(0x7ffc00020ff8);
    ASSERT_TRUE(parser.feed(kMaps.data(), kMaps.size()));
    EXPECT_EQ(parser.unused(8 * kMebibyte), 8 * kMebibyte - 0x21000);
    EXPECT_EQ(parser.unused(0x21000), 0U);
}

TEST(Growth, OfThisVeryStackIsFound) {
    int here = 0;
    // The tests run on main's stack.
    const auto address = reinterpret_cast<std::uint64_t>(&here);
    EXPECT_GT(room_to_grow(address), 16U * 1024);
    EXPECT_LT(never_grown(address), room_to_grow(address));
}

TEST(OwnMemory, CanBeReadUpToAGuard) {
    auto* const memory = static_cast<char*>(
        mmap(nullptr, 3 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(mprotect(memory, kPageSize, PROT_NONE), 0);
    const auto low = reinterpret_cast<std::uint64_t>(memory) + kPageSize;
    EXPECT_EQ(readable_below(low + 100, 64 * 1024), 100U);
    EXPECT_EQ(readable_below(low + kPageSize + 8, 64 * 1024), kPageSize + 8);
    EXPECT_EQ(readable_below(low + kPageSize + 8, 64), 64U);
    EXPECT_EQ(readable_below(low, 64), 0U);
    EXPECT_TRUE(is_untouched(low, 2 * kPageSize));
    memory[2 * kPageSize - 1] = 1;
    EXPECT_TRUE(is_untouched(low, kPageSize - 8));
    EXPECT_FALSE(is_untouched(low, kPageSize));
    EXPECT_FALSE(is_untouched(low - 8, 16));
    munmap(memory, 3 * kPageSize);
}

}  // namespace
}  // namespace threadfault::shim
