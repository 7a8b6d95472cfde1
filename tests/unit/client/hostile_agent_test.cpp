// A target is somebody else's program, and its agent may say anything: no count, no cursor and no
// amount of answers makes the client wait, or collect, without an end.
#include "client/connection.hpp"

#include "fake_agent.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

namespace {

using namespace std::chrono_literals;
using namespace threadfault;
using namespace threadfault::test;
using client::Connection;
using observe::Process;
using Packet = std::vector<unsigned char>;
using Seconds = std::chrono::duration<double>;

// The code of the error that `request` ends with, "" for none, and how long that took.
struct End {
    std::string code;
    Seconds took{};
};

template <typename Request>
End end_of(FakeAgent::Answer answer, Request request) {
    const FakeAgent agent(std::move(answer));
    const Process self(getpid());
    Connection connection(self);
    const auto begin = client::Clock::now();
    End end;
    try {
        request(connection);
    } catch (const Error& error) {
        end.code = to_string(error.error_code());
    }
    end.took = client::Clock::now() - begin;
    return end;
}

// Well below the time that the client grants an agent which doesn't answer at all.
constexpr Seconds kAtOnce = 2s;

template <typename Reply>
FakeAgent::Answer of_size(std::size_t size) {
    return [size](int fd, const Packet& request) {
        Packet packet(size);
        const wire::Header header =
            wire::make_header(Reply::kType, size, as<wire::Header>(request).request);
        std::memcpy(packet.data(), &header, sizeof header);
        send_packet(fd, packet.data(), packet.size());
    };
}

template <typename Reply, typename Request>
void expect_refused_sizes(Request request, std::initializer_list<std::size_t> sizes) {
    for (const std::size_t size : sizes) {
        SCOPED_TRACE(size);
        const End end = end_of(of_size<Reply>(size), request);
        EXPECT_EQ(end.code, "version_mismatch");
        EXPECT_LT(end.took, kAtOnce);
    }
}

const auto kHello = [](Connection& agent) { agent.hello(); };
const auto kList = [](Connection& agent) { agent.list(); };
const auto kSpecs = [](Connection& agent) { agent.specs(); };
const auto kFault = [](Connection& agent) {
    agent.send({});
    agent.receive_fault(client::Clock::now() + 300ms);
};
const auto kCaptures = [](Connection& agent) {
    const wire::CaptureTarget target;
    agent.send_captures({&target, 1}, 1ms);
    agent.receive_captures(client::Clock::now() + 300ms);
};

TEST(HostileAgent, ShortAndLongRepliesAreAnotherVersionAtOnce) {
    constexpr std::size_t kHead = sizeof(wire::Header);
    expect_refused_sizes<wire::HelloReply>(
        kHello, {kHead, sizeof(wire::HelloReply) - 8, sizeof(wire::HelloReply) + 8});
    expect_refused_sizes<wire::ListReply>(
        kList, {kHead, sizeof(wire::ListReply) - 1, sizeof(wire::ListReply) + 1});
    expect_refused_sizes<wire::SpecsReply>(
        kSpecs, {kHead, sizeof(wire::SpecsReply) + sizeof(wire::SpecRecord) - 1});
    expect_refused_sizes<wire::DeadReply>([](Connection& agent) { agent.dead(1); },
                                          {kHead, sizeof(wire::DeadReply) - 8});
    expect_refused_sizes<wire::ArmReply>([](Connection& agent) { agent.arm("x"); },
                                         {kHead, sizeof(wire::ArmReply) + 4});
    expect_refused_sizes<wire::DisarmReply>([](Connection& agent) { agent.disarm(); },
                                            {kHead, sizeof(wire::DisarmReply) + 4});
    expect_refused_sizes<wire::EventReply>([](Connection& agent) { agent.follow(); },
                                           {kHead, sizeof(wire::EventReply) - 8});
    expect_refused_sizes<wire::FaultReply>(kFault, {kHead, sizeof(wire::FaultReply) + 8});
    expect_refused_sizes<wire::FramesReply>(kFault, {kHead});
    expect_refused_sizes<wire::CaptureReply>(kCaptures,
                                             {kHead + 1, kHead + sizeof(wire::CaptureRecord) - 1});
}

TEST(HostileAgent, AReplyOfAnotherTypeIsAnotherVersionAtOnce) {
    const End end = end_of(of_size<wire::DeadReply>(sizeof(wire::DeadReply)), kHello);
    EXPECT_EQ(end.code, "version_mismatch");
    EXPECT_LT(end.took, kAtOnce);
}

TEST(HostileAgent, SignalsOutsideTheMaskAreRefused) {
    for (const bool first : {true, false}) {
        for (const std::int32_t number : {-1, 65, 0x7fffffff}) {
            const End end = end_of(
                [=](int fd, const Packet& request) {
                    auto reply = reply_to<wire::HelloReply>(request, wire::Type::hello_reply);
                    (first ? reply.signal : reply.interrupt_signal) = number;
                    send_packet(fd, &reply, sizeof reply);
                },
                kHello);
            EXPECT_EQ(end.code, "version_mismatch") << number;
        }
    }
}

// Every page is full, and promises another one.
TEST(HostileAgent, AListWithoutAnEndIsRefused) {
    std::atomic<std::size_t> pages = 0;
    const End end = end_of(
        [&](int fd, const Packet& request) {
            ++pages;
            const std::vector<wire::ThreadRecord> records(wire::kMaxRecords);
            const auto next = as<wire::ListRequest>(request).cursor + 1;
            const Packet reply = list_reply(request, records, next);
            send_packet(fd, reply.data(), reply.size());
        },
        kList);
    EXPECT_EQ(end.code, "version_mismatch");
    EXPECT_LT(pages, 100U);
}

TEST(HostileAgent, EmptyPagesAndCursorsThatStandStillAreRefused) {
    for (const std::size_t count : {0U, 1U}) {
        for (const std::uint32_t step : {0U, 1U}) {
            if (count == 1 && step == 1) continue;  // as it should be
            SCOPED_TRACE(count * 10 + step);
            std::atomic<std::size_t> pages = 0;
            const End end = end_of(
                [&](int fd, const Packet& request) {
                    ++pages;
                    const auto cursor = as<wire::ListRequest>(request).cursor;
                    const Packet reply = list_reply(request, std::vector<wire::ThreadRecord>(count),
                                                    std::max(cursor, 7U) + step);
                    send_packet(fd, reply.data(), reply.size());
                },
                kList);
            EXPECT_EQ(end.code, "version_mismatch");
            EXPECT_LE(pages, 2U);
        }
    }
}

TEST(HostileAgent, MoreCallFaultsThanThereCanBeAreRefused) {
    std::atomic<std::size_t> pages = 0;
    const End end = end_of(
        [&](int fd, const Packet& request) {
            ++pages;
            wire::SpecsReply reply;
            Packet packet(sizeof reply + sizeof(wire::SpecRecord));
            reply.header = wire::make_header(wire::Type::specs_reply, packet.size(),
                                             as<wire::Header>(request).request);
            reply.count = 0xffffffffU;
            reply.next = as<wire::SpecsRequest>(request).cursor + 1;
            std::memcpy(packet.data(), &reply, sizeof reply);
            send_packet(fd, packet.data(), packet.size());
        },
        kSpecs);
    EXPECT_EQ(end.code, "version_mismatch");
    EXPECT_EQ(pages, wire::kMostSpecs + 1);
}

// Sends `packet` again and again until the client hangs up.
FakeAgent::Answer flood(std::function<Packet(const Packet& request)> make) {
    return [make = std::move(make)](int fd, const Packet& request) {
        const Packet packet = make(request);
        while (send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) > 0) {
        }
    };
}

template <typename Message>
Packet packet_of(const Message& message) {
    Packet packet(sizeof message);
    std::memcpy(packet.data(), &message, sizeof message);
    return packet;
}

TEST(HostileAgent, AFloodOfAnswersToNothingEnds) {
    const End end = end_of(flood([](const Packet& request) {
                               auto reply =
                                   reply_to<wire::HelloReply>(request, wire::Type::hello_reply);
                               reply.header.request += 1000;
                               return packet_of(reply);
                           }),
                           kHello);
    // At the deadline another one has come, or is just being made.
    EXPECT_TRUE(end.code == "version_mismatch" || end.code == "agent_silent") << end.code;
    EXPECT_LT(end.took, 10s);
}

TEST(HostileAgent, AFloodOfFaultRepliesBringsOneAndEndsAtTheDeadline) {
    std::size_t replies = 0;
    const End end =
        end_of(flood([](const Packet& request) {
                   return packet_of(reply_to<wire::FaultReply>(request, wire::Type::fault_reply));
               }),
               [&](Connection& agent) {
                   agent.send({});
                   const auto deadline = client::Clock::now() + 300ms;
                   while (agent.receive_fault(deadline))
                       ++replies;
               });
    EXPECT_EQ(end.code, "");
    EXPECT_EQ(replies, 1U);
    EXPECT_LT(end.took, kAtOnce);
}

TEST(HostileAgent, AFloodOfFramesIsToldOnceAndCutToTheMost) {
    std::vector<std::size_t> told;
    const End end =
        end_of(flood([](const Packet& request) {
                   Packet packet(sizeof(wire::FramesReply) + 4000 * sizeof(std::uint64_t));
                   wire::FramesReply reply;
                   reply.header = wire::make_header(wire::Type::frames, packet.size(),
                                                    as<wire::Header>(request).request);
                   reply.count = 0xffffffffU;
                   std::memcpy(packet.data(), &reply, sizeof reply);
                   return packet;
               }),
               [&](Connection& agent) {
                   agent.send({});
                   EXPECT_FALSE(agent.receive_fault(
                       client::Clock::now() + 300ms,
                       [&](std::uint32_t, const std::vector<std::uint64_t>& frames) {
                           told.push_back(frames.size());
                       }));
               });
    EXPECT_EQ(end.code, "");
    EXPECT_EQ(told, std::vector<std::size_t>{wire::kMostToldFrames});
    EXPECT_LT(end.took, kAtOnce);
}

TEST(HostileAgent, AFloodOfCapturesEndsAtTheDeadline) {
    std::size_t captures = 0;
    const End end = end_of(flood([](const Packet&) {
                               struct {
                                   wire::CaptureReply reply;
                                   wire::CaptureRecord record;  // number 0: the one asked for
                               } both;
                               both.reply.header =
                                   wire::make_header(wire::Type::capture_reply, sizeof both, 0);
                               return packet_of(both);
                           }),
                           [&](Connection& agent) {
                               const wire::CaptureTarget target;
                               agent.send_captures({&target, 1}, 1ms);
                               const auto deadline = client::Clock::now() + 300ms;
                               for (;;) {
                                   const auto some = agent.receive_captures(deadline);
                                   if (some.empty()) break;
                                   captures += some.size();
                               }
                           });
    EXPECT_EQ(end.code, "");
    EXPECT_EQ(captures, 1U);
    EXPECT_LT(end.took, kAtOnce);
}

}  // namespace
