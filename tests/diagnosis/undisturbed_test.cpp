// Looking disturbs nothing: no signal, no stop, not even one call that returns early.
#include "lock_case.hpp"

#include <signal.h>

namespace threadfault::test {
namespace {

int interrupted(Scene& scene) {
    scene.process().write("\n");
    const std::string answer =
        scene.process().read_until("interrupted ").value_or("interrupted -1");
    return std::stoi(answer.substr(answer.find(' ')));
}

TEST(Undisturbed, ByAHundredLooks) {
    Scene scene({"calls"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    for (int look = 0; look < 100; ++look) {
        ASSERT_EQ(scene.command("locks").exit_code, 0);
        ASSERT_EQ(scene.command("ps").exit_code, 0);
    }
    EXPECT_EQ(interrupted(scene), 0);
    // The target does count what an attached debugger, or anything else that stops it, does to it.
    EXPECT_TRUE(eventually([&] {
        scene.process().send_signal(SIGSTOP);
        scene.process().send_signal(SIGCONT);
        return interrupted(scene) > 0;
    }));
}

TEST(Undisturbed, ByAWatch) {
    Scene scene({"calls"});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    ASSERT_EQ(scene.command("watch", {"--for", "1s"}).exit_code, 0);
    EXPECT_EQ(interrupted(scene), 0);
}

}  // namespace
}  // namespace threadfault::test
