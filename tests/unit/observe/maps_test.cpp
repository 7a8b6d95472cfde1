#include "observe/maps.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace threadfault::observe {
namespace {

constexpr const char* kText =
    "55d0c0000000-55d0c0001000 r--p 00000000 fe:00 1234   /usr/bin/my program\n"
    "55d0c0001000-55d0c0005000 r-xp 00001000 fe:00 1234   /usr/bin/my program (deleted)\n"
    "55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0      [heap]\n"
    "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
    "7f0000100000-7f0000200000 r-xp 00026000 fe:00 99     /lib/x86_64-linux-gnu/libc.so.6\n";

TEST(Maps, ParsesEveryForm) {
    const auto maps = parse_maps(kText);
    ASSERT_EQ(5U, maps.size());
    EXPECT_EQ("/usr/bin/my program", maps[0].path);
    EXPECT_FALSE(maps[0].executable);
    EXPECT_EQ("/usr/bin/my program", maps[1].path);
    EXPECT_TRUE(maps[1].deleted);
    EXPECT_TRUE(maps[1].executable);
    EXPECT_EQ(0x1000U, maps[1].offset);
    EXPECT_EQ(1234U, maps[1].inode);
    EXPECT_EQ("[heap]", maps[2].path);
    EXPECT_TRUE(maps[2].writable);
    EXPECT_EQ("", maps[3].path);
}

TEST(Maps, FindsByAddressAndByName) {
    const Maps maps(parse_maps(kText));
    EXPECT_EQ(nullptr, maps.find(0));
    EXPECT_EQ(nullptr, maps.find(0x55d0c0005000));
    ASSERT_NE(nullptr, maps.find(0x55d0c0004fff));
    EXPECT_EQ("[heap]", maps.find(0x55d0c1000010)->path);
    ASSERT_NE(nullptr, maps.find_file("libc.so"));
    EXPECT_EQ(0x26000U, maps.find_file("libc.so")->offset);
    EXPECT_EQ(nullptr, maps.find_file("libm.so"));
}

TEST(Maps, SkipsWhatItCannotRead) {
    EXPECT_EQ(1U, parse_maps("nonsense\n1000-2000 r--p 0 0:0 0 /x\n1000 r--p\n").size());
    EXPECT_TRUE(parse_maps("").empty());
}

TEST(Maps, HoldsThisVeryProgram) {
    const Process self(getpid());
    const Maps maps(self);
    const Mapping* const code = maps.find(reinterpret_cast<std::uint64_t>(&parse_maps));
    ASSERT_NE(nullptr, code);
    EXPECT_TRUE(code->executable);
    EXPECT_NE(std::string::npos, code->path.find("observe_test"));
}

}  // namespace
}  // namespace threadfault::observe
