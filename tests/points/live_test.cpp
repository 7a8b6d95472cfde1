// SPECs armed, listed and cleared in a running target.
#include "inject/spec.hpp"
#include "run_target.hpp"
#include "support/agent_socket.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace threadfault::test {
namespace {

class Live {
public:
    explicit Live(const std::string& shim = THREADFAULT_POINTS_SHIM)
        : process_(target({"serve", "read", "10"}), injecting({}, shim)) {
        process_.read_until("ready");
        // The file is there a moment before the agent listens.
        const bool there = eventually([&] {
            const std::string path = agent_socket_path(process_.pid(), getuid());
            if (path.empty()) return false;
            socket_.emplace(path);
            return socket_->connected();
        });
        EXPECT_TRUE(there) << "no agent";
    }

    template <typename Reply, typename Request>
    Reply ask(wire::Type type, Request request) {
        request.header = wire::make_header(type, sizeof request, ++number_);
        Reply reply;
        EXPECT_TRUE(socket_->send(&request, sizeof request));
        const auto packet = socket_->receive();
        if (!packet || packet->bytes.size() < sizeof reply) {
            ADD_FAILURE() << "no reply";
            return reply;
        }
        EXPECT_EQ(number_, packet->header().request);
        std::memcpy(&reply, packet->bytes.data(), sizeof reply);
        last_ = packet->bytes;
        return reply;
    }

    wire::ArmReply arm(const std::string& spec) {
        wire::ArmRequest request;
        spec.copy(request.text, sizeof request.text - 1);
        return ask<wire::ArmReply>(wire::Type::arm, request);
    }

    std::vector<wire::SpecRecord> specs() {
        const auto reply = ask<wire::SpecsReply>(wire::Type::specs, wire::SpecsRequest{});
        std::vector<wire::SpecRecord> records(reply.count);
        if (last_.size() == sizeof reply + reply.count * sizeof(wire::SpecRecord)) {
            std::memcpy(records.data(), last_.data() + sizeof reply, last_.size() - sizeof reply);
        }
        return records;
    }

    std::uint32_t disarm(std::uint32_t id) {
        wire::DisarmRequest request;
        request.id = id;
        return ask<wire::DisarmReply>(wire::Type::disarm, request).count;
    }

    std::string round() {
        process_.write("go\n");
        return process_.read_until("calls").value_or("silence");
    }

    AgentSocket& socket() { return *socket_; }

private:
    Process process_;
    std::optional<AgentSocket> socket_;
    std::uint32_t number_ = 0;
    std::vector<unsigned char> last_;
};

TEST(LiveSpecs, AreArmedListedAndCleared) {
    Live live;
    EXPECT_EQ("calls 10 hits 0", live.round());
    const wire::ArmReply first = live.arm("read:error=EIO:when=3+");
    EXPECT_EQ(wire::ArmOutcome::armed, first.outcome);
    const wire::ArmReply second = live.arm("read:error=EAGAIN:when=1");
    EXPECT_NE(first.id, second.id);
    EXPECT_EQ("calls 10 hits 9", live.round());
    const auto specs = live.specs();
    ASSERT_EQ(2U, specs.size());
    EXPECT_STREQ("read:error=EIO:when=3+", specs[0].text);
    EXPECT_EQ(10U, specs[0].matched);
    EXPECT_EQ(8U, specs[0].injected);
    EXPECT_EQ(1U, specs[1].injected);
    EXPECT_EQ(1U, live.disarm(first.id));
    EXPECT_EQ(0U, live.disarm(first.id));
    EXPECT_EQ("calls 10 hits 0", live.round());
    EXPECT_EQ(1U, live.disarm(0));
    EXPECT_TRUE(live.specs().empty());
}

TEST(LiveSpecs, TellWhatTheySkipped) {
    Live live;
    live.arm("read:error=EISDIR");
    live.arm("read:error=EISDIR:force:when=3");
    EXPECT_EQ("calls 10 hits 1", live.round());
    const auto specs = live.specs();
    ASSERT_EQ(2U, specs.size());
    EXPECT_EQ(10U, specs[0].matched);
    EXPECT_EQ(0U, specs[0].injected);
    EXPECT_EQ(10U, specs[0].skipped);
    EXPECT_EQ("only a directory gives EISDIR", inject::why_skipped(specs[0].text));
    EXPECT_EQ(1U, specs[1].injected);
    EXPECT_EQ(0U, specs[1].skipped);
}

TEST(LiveSpecs, AreRefusedWithTheColumn) {
    Live live;
    const wire::ArmReply reply = live.arm("read:eror=EIO");
    EXPECT_EQ(wire::ArmOutcome::malformed, reply.outcome);
    EXPECT_EQ(6U, reply.column);
    EXPECT_TRUE(live.specs().empty());
}

TEST(LiveSpecs, FindRoomAgainAndAgain) {
    Live live;
    for (int round = 0; round < 3; ++round) {
        int armed = 0;
        while (live.arm("read:delay=1us").outcome == wire::ArmOutcome::armed && armed < 100)
            ++armed;
        EXPECT_EQ(64, armed);
        EXPECT_EQ("calls 10 hits 0", live.round());
        EXPECT_EQ(64U, live.disarm(0));
    }
}

TEST(LiveSpecs, TellWhetherTheyCan) {
    Live points;
    EXPECT_TRUE(points.socket().hello()->capabilities & wire::kCapabilityPoints);
    Live basic(THREADFAULT_BASIC_SHIM);
    EXPECT_FALSE(basic.socket().hello()->capabilities & wire::kCapabilityPoints);
    EXPECT_EQ(wire::ArmOutcome::needs_points, basic.arm("read:error=EIO").outcome);
    EXPECT_EQ(wire::ArmOutcome::armed, basic.arm("pthread_create:error=EAGAIN").outcome);
}

}  // namespace
}  // namespace threadfault::test
