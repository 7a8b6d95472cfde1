// Which unit of a program's debug information an address belongs to.
#include "diagnose/units.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

namespace threadfault::diagnose {
namespace {

class UnitsOfAProgram : public testing::Test {
protected:
    void SetUp() override {
        static const Dwfl_Callbacks callbacks = {nullptr, dwfl_standard_find_debuginfo,
                                                 dwfl_offline_section_address, nullptr};
        dwfl_ = dwfl_begin(&callbacks);
        ASSERT_NE(dwfl_, nullptr);
        module_ = dwfl_report_offline(dwfl_, "", GAP_PROGRAM, -1);
        ASSERT_NE(module_, nullptr) << dwfl_errmsg(-1);
        ASSERT_EQ(dwfl_report_end(dwfl_, nullptr, nullptr), 0);
    }
    void TearDown() override {
        if (dwfl_ != nullptr) dwfl_end(dwfl_);
    }

    std::optional<Dwarf_Addr> address_of(const char* name) {
        for (int at = dwfl_module_getsymtab(module_); at-- > 0;) {
            GElf_Sym symbol;
            GElf_Addr address = 0;
            const char* const found =
                dwfl_module_getsym_info(module_, at, &symbol, &address, nullptr, nullptr, nullptr);
            if (found != nullptr && std::strcmp(found, name) == 0) return address;
        }
        return std::nullopt;
    }

    Dwfl* dwfl_ = nullptr;
    Dwfl_Module* module_ = nullptr;
    Units units_;
};

TEST_F(UnitsOfAProgram, HaveTheirFunctions) {
    for (const char* const name : {"main", "answer"}) {
        const std::optional<Dwarf_Addr> address = address_of(name);
        ASSERT_TRUE(address) << name;
        const std::optional<Unit> unit = units_.at(module_, *address);
        ASSERT_TRUE(unit) << name;
        EXPECT_FALSE(functions_at(unit->die, *address - unit->bias).empty()) << name;
    }
}

// The line table has no end where the unit's code has one, so a caller would be given a line of the
// unit for it.
TEST_F(UnitsOfAProgram, HaveNothingInAGapBetweenTheirCode) {
    const std::optional<Dwarf_Addr> start = address_of("_start");
    ASSERT_TRUE(start);
    const std::optional<Unit> unit = units_.at(module_, *start);
    if (unit && !functions_at(unit->die, *start - unit->bias).empty())
        GTEST_SKIP() << "the C runtime has debug information here";
    EXPECT_FALSE(unit);
}

}  // namespace
}  // namespace threadfault::diagnose
