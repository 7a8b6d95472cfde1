// Waits that only the process's own threads can end, and those that look like them.
#include "lock_case.hpp"

#include "base/descriptor.hpp"

#include <mqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

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

bool has_ipv6() {
    const base::Descriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    return socket &&
           ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST_P(ChannelWaits, AreJudgedByWhoHasTheEnds) {
    const Names& words = GetParam().situation;
    const bool by_ipv6 = std::any_of(words.begin(), words.end(), [](const std::string& word) {
        return word == "tcp6" || word == "tcp-mapped";
    });
    if (by_ipv6 && !has_ipv6()) GTEST_SKIP() << "there is no IPv6 here";
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
                    ChannelCase{"two_talkers_by_tcp", {"two-talkers", "tcp"}, "stuck"},
                    ChannelCase{"tcp6", {"channel", "tcp6"}, "stuck"},
                    ChannelCase{"mapped_tcp", {"channel", "tcp-mapped"}, "stuck"},
                    ChannelCase{"half_closed_tcp", {"channel", "tcp", "half"}, "stuck"},
                    ChannelCase{"polled_tcp", {"channel", "tcp", "poll"}, "stuck"},
                    ChannelCase{"event", {"channel", "event"}, "stuck"},
                    ChannelCase{"queue", {"channel", "queue"}, "stuck"},
                    ChannelCase{"polled", {"channel", "pipe", "poll"}, "stuck"},
                    ChannelCase{"selected", {"channel", "stream", "select"}, "stuck"},
                    ChannelCase{"watched", {"channel", "event", "epoll"}, "stuck"},
                    ChannelCase{"named_queue", {"channel", "named-queue"}, "unknown"},
                    ChannelCase{"full_tcp", {"channel", "tcp", "full"}, "unknown"},
                    ChannelCase{"an_end_is_on_its_way", {"channel", "pipe", "sent"}, "unknown"},
                    ChannelCase{
                        "watched_with_a_timer", {"channel", "event", "epoll-and-timer"}, "idle"},
                    ChannelCase{"with_a_time_limit", {"channel", "stream", "limited"}, "idle"},
                    ChannelCase{"timer", {"channel", "timer"}, "idle"},
                    ChannelCase{"a_childs_pipe", {"channel", "pipe", "child"}, "idle"},
                    ChannelCase{"a_childs_socket", {"channel", "stream", "child"}, "idle"},
                    ChannelCase{"a_childs_tcp", {"channel", "tcp", "child"}, "idle"},
                    ChannelCase{"limited_tcp", {"channel", "tcp", "limited"}, "idle"},
                    ChannelCase{"listening_tcp", {"channel", "tcp-listening", "poll"}, "idle"},
                    ChannelCase{"tcp_not_accepted", {"channel", "tcp-not-accepted"}, "idle"},
                    ChannelCase{"a_childs_event", {"channel", "event", "child"}, "idle"}),
    [](const auto& info) { return std::string(info.param.title); });

}  // namespace
}  // namespace threadfault::test
