// Internal to lib/observe: the other end of a TCP connection that has both of its ends in one
// network namespace, found in what /proc/<pid>/net/tcp and tcp6 list.
#ifndef THREADFAULT_OBSERVE_TCP_PEER_HPP
#define THREADFAULT_OBSERVE_TCP_PEER_HPP

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace threadfault::observe {

struct TcpEnd {
    std::array<std::uint8_t, 16> address{};  // in network order; of IPv4 the mapped one
    std::uint16_t port = 0;
    bool operator<(const TcpEnd& other) const {
        return address != other.address ? address < other.address : port < other.port;
    }
};

// A connection, as one of its ends sees it.
struct TcpSocket {
    TcpEnd local;
    TcpEnd remote;
    std::uint64_t inode = 0;  // 0: no process has it, as before accept()
    bool sending = false;     // the other end has not confirmed all that was written
};

// Of the text of either file, those that are connected. std::nullopt: a line is not understood.
std::optional<std::vector<TcpSocket>> parse_tcp_sockets(std::string_view text);

struct TcpPeer {
    std::uint64_t inode = 0;
    bool sending = false;  // bytes are on their way, one way or the other
};

class TcpTable {
public:
    explicit TcpTable(const std::vector<TcpSocket>& sockets);

    // std::nullopt: it is not connected, its other end is elsewhere or in nobody's hands, or which
    // one it is can't be told.
    std::optional<TcpPeer> peer(std::uint64_t inode) const;

private:
    using Ends = std::pair<TcpEnd, TcpEnd>;  // local, remote

    std::map<std::uint64_t, TcpSocket> by_inode_;
    std::map<Ends, std::set<std::uint64_t>> by_ends_;
};

// Reads each network namespace's files once. For one look.
class TcpPeers {
public:
    // `directory`: "/proc/4711/task/4712", of a thread that uses the socket.
    std::optional<TcpPeer> peer(const std::string& directory, std::uint64_t inode);

private:
    std::map<std::string, TcpTable> tables_;  // by the namespace's link
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_TCP_PEER_HPP
