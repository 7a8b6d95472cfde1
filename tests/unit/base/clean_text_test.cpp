// What targets say must not move a cursor, turn a line round or end an XML document.
#include "base/clean_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace threadfault::base {
namespace {

TEST(CleanText, LeavesOnlyWhatIsPrintable) {
    EXPECT_EQ(clean_text("a\tb\r\nc"), "a\tb\nc");
    EXPECT_EQ(clean_text("\x1b[31m\x7f"), "?[31m?");
    EXPECT_EQ(clean_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
              "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(clean_text("\xc3"), "?") << "cut off";
    EXPECT_EQ(clean_text("\xc0\xaf"), "??") << "overlong";
    EXPECT_EQ(clean_text("\xed\xa0\x80"), "???") << "a surrogate";
    EXPECT_EQ(clean_text("\xc2\x9b"), "??") << "a control character too: CSI";
    EXPECT_EQ(clean_text("\xef\xbf\xbf"), "???") << "not allowed in XML";
    EXPECT_EQ(clean_text(std::string(1, '\0')), "?");
}

TEST(CleanText, Lines) {
    EXPECT_EQ(lines_of("").size(), 0U);
    EXPECT_EQ(lines_of("a\nb\n"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(lines_of("a\n\nb"), (std::vector<std::string>{"a", "", "b"}));
}

TEST(CleanLine, HasNoLineBreaksAndTabs) {
    EXPECT_EQ(clean_line("a\033[31mb\n\t\x7f"), "a?[31mb???");
    EXPECT_EQ(clean_line("a\r\nb"), "a??b");
    EXPECT_EQ(clean_line("na\xc3\xafve"), "na\xc3\xafve");
    EXPECT_EQ(clean_line(""), "");
}

TEST(CleanLine, DropsEveryC1Control) {
    for (int code = 0x80; code < 0xa0; ++code) {
        const std::string text = {'\xc2', static_cast<char>(code)};
        EXPECT_EQ(clean_line(text), "??") << code;
        EXPECT_EQ(clean_text(text), "??") << code;
    }
    EXPECT_EQ(clean_line("\xc2\xa0"), "\xc2\xa0") << "the first one behind them";
}

TEST(CleanLine, DropsWhatTurnsALineRound) {
    for (const int code : {0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
                           0x2066, 0x2067, 0x2068, 0x2069}) {
        const std::string text = {static_cast<char>(0xe0 | code >> 12),
                                  static_cast<char>(0x80 | (code >> 6 & 0x3f)),
                                  static_cast<char>(0x80 | (code & 0x3f))};
        EXPECT_EQ(clean_line("a" + text + "b"), "a???b") << std::hex << code;
        EXPECT_EQ(clean_text(text), "???") << std::hex << code;
    }
    for (const char* const beside :
         {"\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa"})
        EXPECT_EQ(clean_line(beside), beside);
}

TEST(CleanMessage, IsCutInTheMiddleAndKeepsCharactersWhole) {
    EXPECT_EQ(clean_message("short\n"), "short?");
    const std::string message = clean_message("begin " + std::string(1'000'000, 'x') + " end");
    EXPECT_LT(message.size(), 1100U);
    EXPECT_TRUE(message.starts_with("begin x")) << message;
    EXPECT_TRUE(message.ends_with("x end")) << message;
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "\xe2\x82\xac";
    for (std::size_t most = 30; most < 60; ++most) {
        const std::string cut = cut_middle(many, most);
        EXPECT_EQ(clean_line(cut), cut) << most;
        EXPECT_LE(cut.size(), most + 6);
    }
}

TEST(CleanLine, DropsInvalidBytesOneByOne) {
    EXPECT_EQ(clean_line("a\xff\xfe"
                         "b"),
              "a??b");
    EXPECT_EQ(clean_line("\xe2\x82"), "??") << "cut off";
    EXPECT_EQ(clean_line("\x9b"
                         "31m"),
              "?31m")
        << "a CSI of ISO 8859-1";
    EXPECT_EQ(clean_line("\xf5\x80\x80\x80"), "????") << "beyond Unicode";
}

}  // namespace
}  // namespace threadfault::base
