#include "observe/tcp_peer.hpp"

#include "observe/proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace threadfault::observe {
namespace {

constexpr std::size_t kHexOfWord = 8;
constexpr std::size_t kWordsOfAddress = 4;
// What stands before an IPv4 address in a mapped one.
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// include/net/tcp_states.h. No others can wait for what the other end writes or takes.
enum TcpState : unsigned { established = 1, fin_wait_1 = 4, fin_wait_2 = 5, close_wait = 8 };

bool is_connected(unsigned state) {
    return state == established || state == fin_wait_1 || state == fin_wait_2 ||
           state == close_wait;
}

template <typename Number>
bool takes_whole(std::string_view text, int base, Number* number) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), *number, base);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// "0100007F:1F90", or with four such words: each is printed as a number of the machine's, and holds
// four bytes in network order.
std::optional<TcpEnd> parse_end(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != kHexOfWord && colon != kWordsOfAddress * kHexOfWord) return std::nullopt;
    TcpEnd end;
    if (!takes_whole(text.substr(colon + 1), 16, &end.port)) return std::nullopt;
    std::size_t at = 0;
    if (colon == kHexOfWord) {
        std::copy(kMapped.begin(), kMapped.end(), end.address.begin());
        at = kMapped.size();
    }
    for (std::size_t i = 0; i < colon; i += kHexOfWord, at += sizeof(std::uint32_t)) {
        std::uint32_t word = 0;
        if (!takes_whole(text.substr(i, kHexOfWord), 16, &word)) return std::nullopt;
        std::memcpy(end.address.data() + at, &word, sizeof word);
    }
    return end;
}

// fe80::/10 means another one on each interface, and the files don't tell which is meant.
bool is_link_local(const TcpEnd& end) {
    return end.address[0] == 0xfe && (end.address[1] & 0xc0) == 0x80;
}

std::string_view next_field(std::string_view* line) {
    line->remove_prefix(std::min(line->find_first_not_of(' '), line->size()));
    const std::string_view field = line->substr(0, line->find(' '));
    line->remove_prefix(field.size());
    return field;
}

struct Row {
    TcpSocket socket;
    unsigned state = 0;
};

// "0: LOCAL REMOTE STATE SENDING:RECEIVED TIMER:WHEN RETRIES UID PROBES INODE …"
std::optional<Row> parse_row(std::string_view line) {
    std::array<std::string_view, 10> fields;
    for (std::string_view& field : fields)
        field = next_field(&line);
    const auto local = parse_end(fields[1]);
    const auto remote = parse_end(fields[2]);
    Row row;
    std::uint32_t sending = 0;
    if (!local || !remote || !takes_whole(fields[3], 16, &row.state) ||
        !takes_whole(fields[4].substr(0, fields[4].find(':')), 16, &sending) ||
        !takes_whole(fields[9], 10, &row.socket.inode)) {
        return std::nullopt;
    }
    row.socket.local = *local;
    row.socket.remote = *remote;
    row.socket.sending = sending != 0;
    return row;
}

// False: not all of it can be read.
bool add_file(const std::string& path, bool may_lack, std::vector<TcpSocket>* sockets) {
    const auto text = read_whole_file(AT_FDCWD, path.c_str());
    if (!text) return may_lack && errno == ENOENT;
    const auto listed = parse_tcp_sockets(*text);
    if (!listed) return false;
    sockets->insert(sockets->end(), listed->begin(), listed->end());
    return true;
}

// Empty where not everything can be read: which pair is the only one can't be told then.
std::vector<TcpSocket> sockets_seen_from(const std::string& directory) {
    std::vector<TcpSocket> sockets;
    // A kernel may be without IPv6.
    if (!add_file(directory + "/net/tcp", false, &sockets) ||
        !add_file(directory + "/net/tcp6", true, &sockets)) {
        sockets.clear();
    }
    return sockets;
}

}  // namespace

std::optional<std::vector<TcpSocket>> parse_tcp_sockets(std::string_view text) {
    std::vector<TcpSocket> sockets;
    bool heading = true;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (std::exchange(heading, false)) continue;
        const auto row = parse_row(line);
        if (!row) return std::nullopt;
        if (is_connected(row->state)) sockets.push_back(row->socket);
    }
    return sockets;
}

TcpTable::TcpTable(const std::vector<TcpSocket>& sockets) {
    for (const TcpSocket& socket : sockets) {
        if (is_link_local(socket.local) || is_link_local(socket.remote)) continue;
        // One may be listed twice where others come and go while the file is read.
        by_ends_[{socket.local, socket.remote}].insert(socket.inode);
        if (socket.inode == 0) continue;
        const auto [known, fresh] = by_inode_.try_emplace(socket.inode, socket);
        if (!fresh) known->second.sending = known->second.sending || socket.sending;
    }
}

std::optional<TcpPeer> TcpTable::peer(std::uint64_t inode) const {
    const auto own = by_inode_.find(inode);
    if (own == by_inode_.end()) return std::nullopt;
    const TcpSocket& socket = own->second;
    const auto same = by_ends_.find({socket.local, socket.remote});
    const auto mirrored = by_ends_.find({socket.remote, socket.local});
    if (same->second.size() != 1 || mirrored == by_ends_.end() || mirrored->second.size() != 1)
        return std::nullopt;
    const auto other = by_inode_.find(*mirrored->second.begin());
    if (other == by_inode_.end()) return std::nullopt;
    return TcpPeer{other->first, socket.sending || other->second.sending};
}

std::optional<TcpPeer> TcpPeers::peer(const std::string& directory, std::uint64_t inode) {
    std::array<char, 64> link;
    const ssize_t length = ::readlink((directory + "/ns/net").c_str(), link.data(), link.size());
    if (length <= 0) return std::nullopt;
    const std::string space(link.data(), static_cast<std::size_t>(length));
    auto table = tables_.find(space);
    if (table == tables_.end())
        table = tables_.emplace(space, TcpTable(sockets_seen_from(directory))).first;
    return table->second.peer(inode);
}

}  // namespace threadfault::observe
