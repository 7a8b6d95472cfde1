// The helper ends when the program's last thread has, however that thread ended.
#include "support/eventually.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {
namespace {

// A newborn has no record of its own yet when it vanishes.
TEST(Lifetime, EndsWithAProgramWhoseNewbornThreadsVanished) {
    Target target({TARGET_NEWBORNS});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    int vanished = 0;
    EXPECT_TRUE(eventually([&] {
        const CliResult kill =
            target.command("kill", {"name=newborn", "--random", "--how", "vanish"});
        vanished += kill.exit_code == 0;
        return vanished >= 20;
    })) << vanished;
    target.process().close_input();
    const auto exit = target.process().wait();
    ASSERT_TRUE(exit.has_value()) << "the helper keeps the process alive";
    EXPECT_EQ(exit->status(), 0);
}

// Main has gone, and everybody else vanishes: the helper is not left over.
TEST(Lifetime, EndsWhenTheLastThreadVanishes) {
    Target target({TARGET_NEWBORNS});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    target.command("kill", {"path=main/2", "--how", "vanish"});
    target.command("kill", {"path=main/1", "--how", "vanish"});
    ASSERT_TRUE(eventually([&] { return !target.process().running(); }))
        << "the helper keeps the process alive";
}

}  // namespace
}  // namespace threadfault::test
