#include "observe/unix_peer.hpp"

#include "base/descriptor.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <thread>

namespace threadfault::observe {
namespace {

std::string network_of(const std::string& pid) {
    return "/proc/" + pid + "/ns/net";
}

std::optional<bool> in_our_network(pid_t pid) {
    struct stat ours {};
    struct stat theirs {};
    if (::stat(network_of("self").c_str(), &ours) != 0 ||
        ::stat(network_of(std::to_string(pid)).c_str(), &theirs) != 0) {
        return std::nullopt;
    }
    return ours.st_ino == theirs.st_ino;
}

// A thread of ours goes there for it, and ends.
base::Descriptor netlink_socket_in(pid_t pid) {
    const base::Descriptor space(
        ::open(network_of(std::to_string(pid)).c_str(), O_RDONLY | O_CLOEXEC));
    base::Descriptor made;
    if (!space) return made;
    std::thread([&] {
        if (::setns(space.get(), CLONE_NEWNET) != 0) return;
        made = base::Descriptor(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    }).join();
    return made;
}

std::optional<UnixPeer> parse(const char* data, std::size_t length) {
    nlmsghdr header{};
    if (length < NLMSG_HDRLEN) return std::nullopt;
    std::memcpy(&header, data, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_len > length) return std::nullopt;
    unix_diag_msg message{};
    std::size_t at = NLMSG_HDRLEN;
    if (header.nlmsg_len < at + sizeof message) return std::nullopt;
    std::memcpy(&message, data + at, sizeof message);
    UnixPeer peer;
    bool named = false;
    at += NLMSG_ALIGN(sizeof message);
    while (at + sizeof(rtattr) <= header.nlmsg_len) {
        rtattr attribute{};
        std::memcpy(&attribute, data + at, sizeof attribute);
        if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > header.nlmsg_len)
            break;
        if (attribute.rta_type == UNIX_DIAG_PEER &&
            attribute.rta_len >= RTA_LENGTH(sizeof peer.inode)) {
            std::memcpy(&peer.inode, data + at + RTA_LENGTH(0), sizeof peer.inode);
        }
        named = named || attribute.rta_type == UNIX_DIAG_NAME;
        at += RTA_ALIGN(attribute.rta_len);
    }
    if (peer.inode == 0) return std::nullopt;
    peer.open_to_all = named && message.udiag_type == SOCK_DGRAM;
    return peer;
}

}  // namespace

std::optional<UnixPeer> unix_peer(pid_t pid, std::uint64_t inode) {
    const auto ours = in_our_network(pid);
    if (!ours || inode > UINT32_MAX) return std::nullopt;
    const base::Descriptor socket =
        *ours ? base::Descriptor(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))
              : netlink_socket_in(pid);
    if (!socket) return std::nullopt;
    struct {
        nlmsghdr header;
        unix_diag_req request;
    } question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = ~std::uint32_t{0};
    question.request.udiag_ino = static_cast<std::uint32_t>(inode);
    question.request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
    question.request.udiag_cookie[0] = ~std::uint32_t{0};
    question.request.udiag_cookie[1] = ~std::uint32_t{0};
    if (::send(socket.get(), &question, sizeof question, 0) !=
        static_cast<ssize_t>(sizeof question)) {
        return std::nullopt;
    }
    // The kernel has answered when send() returns.
    std::array<char, 4096> answer;
    const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    return got > 0 ? parse(answer.data(), static_cast<std::size_t>(got)) : std::nullopt;
}

}  // namespace threadfault::observe
