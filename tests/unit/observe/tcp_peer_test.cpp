// Whose other end a TCP socket's is, told by the lines of /proc/<pid>/net/tcp and tcp6.
#include "observe/tcp_peer.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace threadfault::observe {
namespace {

const std::string kHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr …\n";

// As the kernel prints it on this machine.
std::string end_of(const std::string& address, unsigned port) {
    std::array<std::uint32_t, 4> words{};
    const bool six = address.find(':') != std::string::npos;
    EXPECT_EQ(inet_pton(six ? AF_INET6 : AF_INET, address.c_str(), words.data()), 1);
    std::string text;
    std::array<char, 16> piece{};
    for (int i = 0; i < (six ? 4 : 1); ++i) {
        std::snprintf(piece.data(), piece.size(), "%08X", words[static_cast<std::size_t>(i)]);
        text += piece.data();
    }
    std::snprintf(piece.data(), piece.size(), ":%04X", port);
    return text + piece.data();
}

struct Line {
    std::string local;
    unsigned local_port;
    std::string remote;
    unsigned remote_port;
    std::uint64_t inode;
    std::string state = "01";
    std::string queues = "00000000:00000000";
};

std::string text_of(const std::vector<Line>& lines) {
    std::string text = kHeading;
    for (const Line& line : lines) {
        text += "   0: " + end_of(line.local, line.local_port) + " " +
                end_of(line.remote, line.remote_port) + " " + line.state + " " + line.queues +
                " 00:00000000 00000000     0        0 " + std::to_string(line.inode) +
                " 1 0000000086902cef 20 4 30 10 -1   \n";
    }
    return text;
}

// The inode of the other end; 0: none.
std::uint64_t peer_of(std::uint64_t inode, const std::vector<Line>& lines) {
    const auto sockets = parse_tcp_sockets(text_of(lines));
    EXPECT_TRUE(sockets);
    const auto peer = TcpTable(sockets.value_or(std::vector<TcpSocket>())).peer(inode);
    return peer ? peer->inode : 0;
}

TEST(TcpPeer, HasTheSamePairTheOtherWayRound) {
    const std::vector<Line> lines{{"0.0.0.0", 80, "0.0.0.0", 0, 10, "0A"},
                                  {"127.0.0.1", 80, "127.0.0.1", 4000, 11},
                                  {"127.0.0.1", 4000, "127.0.0.1", 80, 12},
                                  {"127.0.0.1", 80, "127.0.0.1", 4001, 13}};
    EXPECT_EQ(peer_of(11, lines), 12u);
    EXPECT_EQ(peer_of(12, lines), 11u);
    EXPECT_EQ(peer_of(10, lines), 0u) << "it listens";
    EXPECT_EQ(peer_of(13, lines), 0u) << "its other end is elsewhere";
    EXPECT_EQ(peer_of(14, lines), 0u) << "not listed";
}

TEST(TcpPeer, IsFoundByIPv6AddressesAndMappedOnes) {
    EXPECT_EQ(peer_of(1, {{"::1", 80, "::1", 4000, 1}, {"::1", 4000, "::1", 80, 2}}), 2u);
    EXPECT_EQ(peer_of(1, {{"::ffff:127.0.0.1", 80, "::ffff:127.0.0.1", 4000, 1},
                          {"127.0.0.1", 4000, "127.0.0.1", 80, 2}}),
              2u);
    EXPECT_EQ(peer_of(1, {{"::1", 80, "::1", 4000, 1}, {"::2", 4000, "::1", 80, 2}}), 0u);
    EXPECT_EQ(
        peer_of(1, {{"fe80::1", 80, "fe80::1", 4000, 1}, {"fe80::1", 4000, "fe80::1", 80, 2}}), 0u)
        << "of which interface is not told";
}

TEST(TcpPeer, MayBeTheSocketItself) {
    EXPECT_EQ(peer_of(1, {{"127.0.0.1", 80, "127.0.0.1", 80, 1}}), 1u);
}

TEST(TcpPeer, IsOneThatIsConnected) {
    for (const auto& [state, found] : {std::pair{"01", true},
                                       {"04", true},
                                       {"05", true},
                                       {"08", true},
                                       {"02", false},
                                       {"03", false},
                                       {"06", false},
                                       {"07", false},
                                       {"0A", false}}) {
        EXPECT_EQ(peer_of(1, {{"127.0.0.1", 80, "127.0.0.1", 4000, 1},
                              {"127.0.0.1", 4000, "127.0.0.1", 80, 2, state}}),
                  found ? 2u : 0u)
            << state;
    }
    EXPECT_EQ(peer_of(1, {{"127.0.0.1", 80, "127.0.0.1", 4000, 1},
                          {"127.0.0.1", 4000, "127.0.0.1", 80, 0}}),
              0u)
        << "nobody has accepted it";
}

TEST(TcpPeer, IsNotToldWhereSeveralHaveThePair) {
    const Line own{"127.0.0.1", 80, "127.0.0.1", 4000, 1};
    const Line other{"127.0.0.1", 4000, "127.0.0.1", 80, 2};
    EXPECT_EQ(peer_of(1, {own, other, {"127.0.0.1", 4000, "127.0.0.1", 80, 3}}), 0u);
    EXPECT_EQ(peer_of(1, {own, {"127.0.0.1", 80, "127.0.0.1", 4000, 3}, other}), 0u);
    EXPECT_EQ(peer_of(1, {own, other, other}), 2u) << "one that is listed twice";
}

TEST(TcpPeer, SaysWhetherBytesAreUnderWay) {
    for (const auto& [own, other, sending] :
         {std::tuple{"00000000:00000000", "00000000:00000000", false},
          {"00000001:00000000", "00000000:00000000", true},
          {"00000000:00000000", "0000000A:00000000", true},
          {"00000000:00000007", "00000000:00000000", false}}) {
        const auto sockets =
            parse_tcp_sockets(text_of({{"127.0.0.1", 80, "127.0.0.1", 4000, 1, "01", own},
                                       {"127.0.0.1", 4000, "127.0.0.1", 80, 2, "01", other}}));
        ASSERT_TRUE(sockets);
        const auto peer = TcpTable(*sockets).peer(1);
        ASSERT_TRUE(peer);
        EXPECT_EQ(peer->sending, sending) << own << " " << other;
    }
}

TEST(TcpPeer, IsNotGuessedFromALineThatIsNotUnderstood) {
    EXPECT_TRUE(parse_tcp_sockets(""));
    EXPECT_TRUE(parse_tcp_sockets(kHeading));
    const std::string good = text_of({{"127.0.0.1", 80, "127.0.0.1", 4000, 4711}});
    ASSERT_TRUE(parse_tcp_sockets(good));
    EXPECT_FALSE(parse_tcp_sockets(good.substr(0, good.find(" 4711"))));
    for (const char* const part :
         {"0100007F", "0FA0", "01 00000000", "00000000:00000000 ", "4711"}) {
        std::string bad = good;
        bad.replace(bad.find(part, kHeading.size()), 1, "x");
        EXPECT_FALSE(parse_tcp_sockets(bad)) << bad;
    }
}

}  // namespace
}  // namespace threadfault::observe
