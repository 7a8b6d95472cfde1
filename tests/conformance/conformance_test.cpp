// With a shim and no command given, a program shows what it shows without it: every program of
// programs/ is run without, under the basic shim and under the points library, and output, errors
// and wait status are compared.
#include "run_program.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

class Conformance : public testing::TestWithParam<const char*> {
protected:
    static void compare(const std::string& shim) {
        const std::vector<std::string> command{std::string(CONFORMANCE_PROGRAMS) + "/conformance_" +
                                               GetParam()};
        const Shown without = run_program(command, "");
        ASSERT_FALSE(without.timed_out) << "hangs even without the shim, after:\n"
                                        << without.output;
        ASSERT_FALSE(without.output.empty());
        const Shown with = run_program(command, shim);
        EXPECT_FALSE(with.timed_out) << "hangs under the shim";
        EXPECT_EQ(without.output, with.output);
        EXPECT_EQ(without.errors, with.errors);
        EXPECT_EQ(without.wait_status, with.wait_status);
    }
};

TEST_P(Conformance, IsTheSameWithAndWithoutTheShim) {
    compare(THREADFAULT_SHIM);
}

TEST_P(Conformance, IsTheSameUnderThePointsLibrary) {
    compare(THREADFAULT_POINTS_SHIM);
}

INSTANTIATE_TEST_SUITE_P(Programs, Conformance, testing::Values(CONFORMANCE_NAMES),
                         [](const auto& name) { return std::string(name.param); });

TEST(Conformance, TheHostKeepsItsOwnFunctions) {
    const Shown with = run_program({std::string(CONFORMANCE_PROGRAMS) + "/conformance_collision"},
                                   THREADFAULT_SHIM);
    EXPECT_EQ(0, with.wait_status) << with.output << with.errors;
}

}  // namespace
