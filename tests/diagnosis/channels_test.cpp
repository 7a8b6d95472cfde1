// Waits that only the process's own threads can end, and those that look like them.
#include "lock_case.hpp"

#include <mqueue.h>

namespace threadfault::test {
namespace {

struct ChannelCase {
    const char* title;
    Names situation;
    const char* verdict;
};

void PrintTo(const ChannelCase& one, std::ostream* stream) {
    *stream << one.title;
}

class ChannelWaits : public testing::TestWithParam<ChannelCase> {};

TEST_P(ChannelWaits, AreJudgedByWhoHasTheEnds) {
    Scene scene(GetParam().situation);
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    // A process that ends while its descriptors are looked at might have had an end: unknown then.
    CliResult result;
    EXPECT_TRUE(eventually([&] {
        result = scene.command("watch", {"--for", "300ms"});
        return result.text("verdict") == GetParam().verdict;
    })) << result;
    const bool inside = GetParam().verdict == std::string("stuck");
    CliResult locks;
    EXPECT_TRUE(eventually([&] {
        locks = scene.command("locks");
        return locks.json.is_object() &&
               inside == (!locks.json.at("channels").empty() &&
                          locks.json.at("channels").at(0).at("inside_alone").get<bool>());
    })) << locks;
    mq_unlink(("/threadfault-channels-" + std::to_string(scene.pid())).c_str());
}

INSTANTIATE_TEST_SUITE_P(
    All, ChannelWaits,
    testing::Values(ChannelCase{"two_talkers", {"two-talkers"}, "stuck"},
                    ChannelCase{"pipe", {"channel", "pipe"}, "stuck"},
                    ChannelCase{"full_pipe", {"channel", "pipe", "full"}, "stuck"},
                    ChannelCase{"stream", {"channel", "stream"}, "stuck"},
                    ChannelCase{"datagram", {"channel", "datagram"}, "stuck"},
                    ChannelCase{"event", {"channel", "event"}, "stuck"},
                    ChannelCase{"queue", {"channel", "queue"}, "stuck"},
                    ChannelCase{"polled", {"channel", "pipe", "poll"}, "stuck"},
                    ChannelCase{"selected", {"channel", "stream", "select"}, "stuck"},
                    ChannelCase{"watched", {"channel", "event", "epoll"}, "stuck"},
                    ChannelCase{"named_queue", {"channel", "named-queue"}, "unknown"},
                    ChannelCase{"an_end_is_on_its_way", {"channel", "pipe", "sent"}, "unknown"},
                    ChannelCase{
                        "watched_with_a_timer", {"channel", "event", "epoll-and-timer"}, "idle"},
                    ChannelCase{"with_a_time_limit", {"channel", "stream", "limited"}, "idle"},
                    ChannelCase{"timer", {"channel", "timer"}, "idle"},
                    ChannelCase{"a_childs_pipe", {"channel", "pipe", "child"}, "idle"},
                    ChannelCase{"a_childs_socket", {"channel", "stream", "child"}, "idle"},
                    ChannelCase{"a_childs_event", {"channel", "event", "child"}, "idle"}),
    [](const auto& info) { return std::string(info.param.title); });

}  // namespace
}  // namespace threadfault::test
