#include "base/cpu_list.hpp"

#include <gtest/gtest.h>

namespace threadfault::base {
namespace {

CpuSet cpus_of(std::string_view list) {
    CpuSet cpus;
    std::string_view wrong;
    EXPECT_TRUE(parse_cpu_list(list, &cpus, &wrong)) << list << ": " << wrong;
    return cpus;
}

TEST(CpuList, RangesAndSingleNumbers) {
    EXPECT_EQ(cpus_of("0")[0], 1U);
    EXPECT_EQ(cpus_of("1,3-5")[0], 0b111010U);
    EXPECT_EQ(cpus_of("63-64")[0], std::uint64_t{1} << 63);
    EXPECT_EQ(cpus_of("63-64")[1], 1U);
    EXPECT_EQ(cpus_of("1023")[15], std::uint64_t{1} << 63);
}

TEST(CpuList, NamesThePartThatIsNone) {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},     {"a", "a"},       {"3-1", "3-1"}, {"1,", ""},         {"1-", "1-"},
        {"-1", "-1"}, {"1024", "1024"}, {"0 1", "0 1"}, {"0,2-x,3", "2-x"}, {"1-2-3", "1-2-3"},
    };
    for (const auto& [list, part] : rows) {
        CpuSet cpus;
        std::string_view wrong = "?";
        EXPECT_FALSE(parse_cpu_list(list, &cpus, &wrong)) << list;
        EXPECT_EQ(wrong, part) << list;
    }
}

}  // namespace
}  // namespace threadfault::base
