#include "observe/channels.hpp"

#include "arch/call.hpp"
#include "base/descriptor.hpp"
#include "observe/descriptors.hpp"
#include "observe/proc_file.hpp"
#include "observe/tcp_peer.hpp"
#include "observe/unix_peer.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::size_t kMostDescriptors = 1024;
constexpr int kDeepestEpoll = 4;

// Does a call on the socket end by itself? The option can only be read on a descriptor of one's
// own. std::nullopt: not known.
std::optional<bool> has_time_limit(pid_t pid, int descriptor) {
    const base::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return std::nullopt;
    const base::Descriptor socket(
        static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
    if (!socket) return std::nullopt;
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
        timeval limit{};
        socklen_t size = sizeof limit;
        if (::getsockopt(socket.get(), SOL_SOCKET, option, &limit, &size) != 0) return std::nullopt;
        if (limit.tv_sec != 0 || limit.tv_usec != 0) return true;
    }
    return false;
}

std::vector<int> numbers_in(const std::vector<std::uint64_t>& bits, std::size_t count) {
    std::vector<int> numbers;
    for (std::size_t i = 0; i < count; ++i)
        if ((bits[i / 64] >> i % 64 & 1) != 0) numbers.push_back(static_cast<int>(i));
    return numbers;
}

// "tfd:        5 events:       19 …": what an epoll descriptor watches; std::nullopt: not known.
std::optional<std::vector<int>> watched_by(const std::string& directory, int epoll) {
    const auto text =
        read_whole_file(AT_FDCWD, (directory + "/fdinfo/" + std::to_string(epoll)).c_str());
    if (!text) return std::nullopt;
    std::vector<int> watched;
    std::string_view rest = *text;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!line.starts_with("tfd:")) continue;
        line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
        int number = -1;
        if (std::from_chars(line.data(), line.data() + line.size(), number).ec != std::errc())
            return std::nullopt;
        watched.push_back(number);
    }
    return watched;
}

}  // namespace

class Channels::Implementation {
public:
    Implementation(const Process& process, const Memory& memory)
        : process_(process), memory_(memory) {}

    Reach reach(pid_t tid, const TaskSyscall& call) {
        tid_ = tid;
        directory_ = "/proc/" + std::to_string(process_.pid()) + "/task/" + std::to_string(tid);
        const auto& arguments = call.arguments;
        const int first = static_cast<int>(arguments[0]);
        switch (call.number) {
            case SYS_read:
            case SYS_readv:
            case SYS_write:
            case SYS_writev:
            case SYS_recvfrom:
            case SYS_recvmsg:
            case SYS_sendto:
            case SYS_sendmsg:
                return of_transfer(first);
            case SYS_recvmmsg:
            case SYS_mq_timedreceive:
            case SYS_mq_timedsend:
                return arguments[4] != 0 ? Reach::outside : of_transfer(first);
            case arch::kPoll:
                if (static_cast<std::int32_t>(arguments[2]) >= 0) return Reach::outside;
                return of_polled(arguments[0], arguments[1]);
            case SYS_ppoll:
                return arguments[2] != 0 ? Reach::outside : of_polled(arguments[0], arguments[1]);
            case arch::kSelect:
            case SYS_pselect6:
                return arguments[4] != 0 ? Reach::outside : of_selected(call);
            case arch::kEpollWait:
            case SYS_epoll_pwait:
                if (static_cast<std::int32_t>(arguments[3]) >= 0) return Reach::outside;
                return of_epoll(first, 0);
            case SYS_epoll_pwait2:
                return arguments[3] != 0 ? Reach::outside : of_epoll(first, 0);
            default:
                return Reach::outside;
        }
    }

private:
    OpenChannels& open() {
        if (!open_) open_.emplace(process_.pid());
        return *open_;
    }

    Reach of_transfer(int descriptor) {
        const Reach reach = of_descriptor(descriptor);
        if (reach == Reach::outside) return reach;
        if (!channel_name(directory_, descriptor).starts_with("socket:")) return reach;
        const auto limited = has_time_limit(process_.pid(), descriptor);
        if (!limited) return Reach::unknown;
        return *limited ? Reach::outside : reach;
    }

    Reach of_polled(std::uint64_t address, std::uint64_t count) {
        if (count == 0 || count > kMostDescriptors) return Reach::outside;
        std::vector<pollfd> polled(count);
        if (!memory_.read(address, polled.data(), count * sizeof(pollfd))) return Reach::outside;
        std::vector<int> descriptors;
        for (const pollfd& one : polled)
            if (one.fd >= 0) descriptors.push_back(one.fd);
        return of_all(descriptors, 0);
    }

    Reach of_selected(const TaskSyscall& call) {
        const std::uint64_t count = call.arguments[0];
        if (count == 0 || count > kMostDescriptors) return Reach::outside;
        std::vector<int> descriptors;
        for (int set = 1; set <= 3; ++set) {
            if (call.arguments[set] == 0) continue;
            std::vector<std::uint64_t> bits((count + 63) / 64);
            if (!memory_.read(call.arguments[set], bits.data(), bits.size() * sizeof bits[0]))
                return Reach::outside;
            const std::vector<int> numbers = numbers_in(bits, count);
            descriptors.insert(descriptors.end(), numbers.begin(), numbers.end());
        }
        return of_all(descriptors, 0);
    }

    // Nothing at all to wait for: then only a signal ends the wait.
    Reach of_all(const std::vector<int>& descriptors, int depth) {
        if (descriptors.empty()) return Reach::outside;
        Reach worst = Reach::inside;
        for (const int descriptor : descriptors) {
            const Reach reach = descriptor_link(directory_, descriptor) == "anon_inode:[eventpoll]"
                                    ? of_epoll(descriptor, depth + 1)
                                    : of_descriptor(descriptor);
            worst = std::min(worst, reach);
            if (worst == Reach::outside) break;
        }
        return worst;
    }

    Reach of_epoll(int epoll, int depth) {
        if (depth > kDeepestEpoll) return Reach::outside;
        const auto watched = watched_by(directory_, epoll);
        if (!watched || watched->size() > kMostDescriptors) return Reach::outside;
        // The number may mean another file by now than the one that is watched.
        for (const int descriptor : *watched) {
            kcmp_epoll_slot slot{};
            slot.efd = static_cast<std::uint32_t>(epoll);
            slot.tfd = static_cast<std::uint32_t>(descriptor);
            const long same = ::syscall(SYS_kcmp, tid_, tid_, KCMP_EPOLL_TFD, descriptor, &slot);
            if (same != 0) return Reach::outside;
        }
        return of_all(*watched, depth);
    }

    Reach of_descriptor(int descriptor) {
        const ChannelName name = channel_name(directory_, descriptor);
        if (name.empty()) return Reach::outside;
        std::vector<ChannelName> ends{name};
        Reach best = Reach::inside;
        if (name.starts_with("socket:")) {
            const auto peer = other_end(name);
            if (!peer) return Reach::outside;
            ends.push_back("socket:[" + std::to_string(peer->inode) + "]");
            // They may arrive, or be given up (TCP_USER_TIMEOUT).
            if (peer->bytes_under_way) best = Reach::unknown;
        } else if (name.starts_with("pipe:")) {
            if (!has_both_ends(name)) return Reach::outside;
        } else if (name.starts_with("queue:")) {
            // As long as it has a name, any process may open it.
            if (!descriptor_link(directory_, descriptor).ends_with(" (deleted)"))
                best = Reach::unknown;
        }
        for (const ChannelName& end : ends)
            if (!open().is_own(end)) return Reach::outside;
        open().look_at_others();
        for (const ChannelName& end : ends)
            if (!open().holders(end).empty()) return Reach::outside;
        if (open().some_in_flight() || open().kernel_may_write() || !open().complete())
            return Reach::unknown;
        return best;
    }

    struct OtherEnd {
        std::uint64_t inode = 0;
        bool bytes_under_way = false;
    };

    // std::nullopt: there is none on this machine that alone can end the wait.
    std::optional<OtherEnd> other_end(const ChannelName& socket) {
        std::uint64_t inode = 0;
        const std::string_view number = std::string_view(socket).substr(8);
        std::from_chars(number.data(), number.data() + number.size(), inode);
        if (const auto peer = unix_peer(process_.pid(), inode)) {
            if (peer->open_to_all) return std::nullopt;
            return OtherEnd{peer->inode, false};
        }
        const auto peer = tcp_peers_.peer(directory_, inode);
        if (!peer) return std::nullopt;
        return OtherEnd{peer->inode, peer->sending};
    }

    // A pipe's ends have one name: the mode of the descriptors tells which are here.
    bool has_both_ends(const ChannelName& pipe) const {
        std::vector<pid_t> descriptors;
        if (!list_numbers(AT_FDCWD, (directory_ + "/fd").c_str(), &descriptors)) return false;
        bool reads = false;
        bool writes = false;
        for (const int descriptor : descriptors) {
            if (descriptor_link(directory_, descriptor) != pipe) continue;
            const std::string flags = descriptor_info(directory_, descriptor, "flags").value_or("");
            unsigned bits = 0;
            std::from_chars(flags.data(), flags.data() + flags.size(), bits, 8);
            reads = reads || (bits & O_ACCMODE) != O_WRONLY;
            writes = writes || (bits & O_ACCMODE) != O_RDONLY;
        }
        return reads && writes;
    }

    const Process& process_;
    const Memory& memory_;
    pid_t tid_ = 0;
    std::string directory_;  // of the thread that is looked at
    std::optional<OpenChannels> open_;
    TcpPeers tcp_peers_;
};

Channels::Channels(const Process& process, const Memory& memory)
    : implementation_(std::make_unique<Implementation>(process, memory)) {}

Channels::~Channels() = default;

Reach Channels::reach(pid_t tid, const TaskSyscall& call) {
    return implementation_->reach(tid, call);
}

}  // namespace threadfault::observe
