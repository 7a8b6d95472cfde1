#include "ping.hpp"

#include <threadfault/gtest.hpp>
using namespace threadfault;

TEST(Server, SurvivesTheLossOfAnyWorker) {
    const auto launch = [] {
        return Target::launch({SERVER, SOCKET}, {.ready = {.listening = SOCKET}});
    };
    ForEachThread("name=worker", launch, [](Target& server, const ThreadInfo& worker) {
        ASSERT_THAT(server.kill(worker.selector(), {.how = How::vanish}), TookEffect());
        EXPECT_THAT(server, AnswersTo([] { return ping(SOCKET); }, std::chrono::seconds(10)));
    });
}
