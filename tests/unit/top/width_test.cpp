// Columns on a terminal.
#include "render/display_width.hpp"
#include "render/text.hpp"

#include <gtest/gtest.h>

namespace threadfault::cli {
namespace {

TEST(DisplayWidth, IsWhatATerminalTakes) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("worker-1"), 8U);
    EXPECT_EQ(display_width("ärger…"), 6U);
    EXPECT_EQ(display_width("線程"), 4U);
    EXPECT_EQ(display_width("스레드"), 6U);
    EXPECT_EQ(display_width("🧵"), 2U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(display_width("│└─"), 3U);
    EXPECT_EQ(width_of(0x3000), 2U);  // first of a range
    EXPECT_EQ(width_of(0xff60), 2U);  // last of one
    EXPECT_EQ(width_of(0xff61), 1U);  // behind it
    EXPECT_EQ(width_of(0x10ffff), 1U);
}

TEST(DisplayWidth, BytesThatAreNoTextCountOne) {
    EXPECT_EQ(display_width("\xff\xc3"), 2U);
    EXPECT_EQ(display_width("\xe7\xb7"), 2U);
}

TEST(Shorten, NeverCutsACharacter) {
    EXPECT_EQ(shorten("線程池", 6, true), "線程池");
    EXPECT_EQ(shorten("線程池", 5, true), "線程…");
    EXPECT_EQ(shorten("線程池", 4, true), "線…");
    EXPECT_EQ(shorten("e\u0301e\u0301e\u0301", 2, true), "e\u0301…");
}

TEST(Shorten, InTheMiddleKeepsBothEnds) {
    EXPECT_EQ(shorten_middle("abcdefghi", 9, true), "abcdefghi");
    EXPECT_EQ(shorten_middle("abcdefghi", 5, true), "ab…hi");
    EXPECT_EQ(shorten_middle("abcdefghi", 4, false), "a~hi");
    EXPECT_EQ(shorten_middle("abcdefghi", 1, true), "…");
    EXPECT_EQ(shorten_middle("abcdefghi", 0, true), "");
    EXPECT_EQ(shorten_middle("線程池線程池", 7, true), "線…程池");
    for (std::size_t width = 0; width < 14; ++width)
        EXPECT_LE(display_width(shorten_middle("線程池a線程池", width, true)), width);
}

}  // namespace
}  // namespace threadfault::cli
